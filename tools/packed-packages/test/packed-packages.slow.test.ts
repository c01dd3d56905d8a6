import { cp } from "node:fs/promises";
import { join } from "node:path";
import { createScratchWorkspace, type ScratchWorkspace } from "@relevo/test-run";
import { afterAll, beforeAll, expect, it } from "vitest";

const workspace = join(import.meta.dirname, "..", "..", "..");
const main = join(workspace, "tools", "packed-packages", "src", "main.ts");

let scratch: ScratchWorkspace;

beforeAll(async () => {
  scratch = await createScratchWorkspace(workspace);
  await cp(join(workspace, "LICENSE"), join(scratch.root, "LICENSE"));
});

afterAll(() => scratch[Symbol.asyncDispose]());

const sound = {
  name: "@relevo/sums",
  version: "0.1.0",
  type: "module",
  license: "Apache-2.0",
  exports: {
    ".": { types: "./dist/index.d.ts", default: "./dist/index.js" },
    "./package.json": "./package.json",
  },
  files: ["dist", "README.md", "LICENSE"],
};
const soundFiles = {
  "README.md": "# Sums\n",
  "dist/index.js": "export const three = 3;\n",
  "dist/index.d.ts": "export declare const three: number;\n",
};

async function check(manifest: object, files: { readonly [path: string]: string }) {
  const all = { ...soundFiles, ...files, "package.json": JSON.stringify(manifest) };
  await scratch.write(
    Object.fromEntries(Object.entries(all).map(([path, content]) => [`packages/sums/${path}`, content])),
  );
  return scratch.run("node", [main, "--root", scratch.root]);
}

it("passes a sound package", async () => {
  const { code, output } = await check(sound, {});
  expect(code, output).toBe(0);
  expect(output).toContain("✔ @relevo/sums");
});

it.each([
  ["packs its tests", { ...sound, files: ["dist", "test"] }, { "test/a.test.js": "" }, "has test/a.test.js"],
  ["leaves its declarations out", { ...sound, files: ["dist/index.js"] }, {}, "no dist/index.d.ts"],
  [
    "imports what it does not declare",
    sound,
    { "dist/index.js": 'import "lru-cache";\n' },
    "ERR_MODULE_NOT_FOUND",
  ],
  ["exports nothing", sound, { "dist/index.js": "export {};\n" }, "exports nothing"],
  ["has broken declarations", sound, { "dist/index.d.ts": 'export * from "./gone.js";\n' }, "gone.js"],
  [
    "names a file that is not packed",
    { ...sound, exports: { ".": { types: "./dist/index.d.ts", default: "./dist/other.js" } } },
    {},
    "publint: pkg.exports",
  ],
  [
    "has declarations that do not fit its code",
    { ...sound, type: "commonjs" },
    {
      "dist/index.js": "exports.three = 3;\n",
      "dist/index.d.ts": "declare const three: number;\nexport default three;\n",
    },
    "are the types wrong",
  ],
])("fails a package that %s", async (_, manifest, files, message) => {
  const { code, output } = await check(manifest, files);
  expect(code).toBe(1);
  expect(output).toContain("✖ @relevo/sums");
  expect(output).toContain(message);
});
