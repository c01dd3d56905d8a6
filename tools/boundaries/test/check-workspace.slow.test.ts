import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createScratchWorkspace, type ScratchWorkspace } from "@relevo/test-run";
import { afterAll, beforeAll, expect, it } from "vitest";

const workspace = join(import.meta.dirname, "..", "..", "..");
const main = join(workspace, "tools", "boundaries", "src", "main.ts");

let scratch: ScratchWorkspace;

beforeAll(async () => {
  scratch = await createScratchWorkspace(workspace, {
    copied: ["packages/core", "packages/store-memory", "packages/memory"],
  });
});

afterAll(() => scratch[Symbol.asyncDispose]());

function check() {
  return scratch.run("node", [main, "--root", scratch.root]);
}

async function manifestOf(folder: string) {
  return JSON.parse(await readFile(join(workspace, folder, "package.json"), "utf8"));
}

it("accepts the packages as they are", async () => {
  const { code, output } = await check();
  expect(output).toContain("✔ packages/store-memory: imports");
  expect(code, output).toBe(0);
});

it("catches an import that nobody declared", async () => {
  await scratch.write({
    "packages/store-memory/src/forbidden.ts":
      'import "@relevo/memory";\nimport "../../memory/src/index.ts";\n',
  });
  const { code, output } = await check();
  expect(code).toBe(1);
  expect(output).toContain("✖ packages/store-memory: imports");
  expect(output).toContain("store may not depend on feature: @relevo/memory");
  expect(output).toContain("src/forbidden.ts: imports @relevo/memory, which is not among its dependencies");
  expect(output).toContain("src/forbidden.ts: imports a file of another project: ../../memory/src/index.ts");
  expect(output).toContain("✔ packages/core: imports");
});

it("catches the same import when it is declared", async () => {
  const manifest = await manifestOf("packages/store-memory");
  manifest.dependencies["@relevo/memory"] = "workspace:*";
  await scratch.write({
    "packages/store-memory/package.json": JSON.stringify(manifest),
    "packages/store-memory/src/forbidden.ts": 'import "@relevo/memory";\n',
  });
  const { code, output } = await check();
  expect(code).toBe(1);
  expect(output).toContain("store may not depend on feature: @relevo/memory");
  expect(output).not.toContain("which is not among its dependencies");
});

it("catches a cycle of types alone", async () => {
  await scratch.write({
    "packages/store-memory/src/forbidden.ts": 'import type { B } from "./other.ts";\nexport type A = B[];\n',
    "packages/store-memory/src/other.ts":
      'import type { A } from "./forbidden.ts";\nexport type B = A | 1;\n',
  });
  const { code, output } = await check();
  expect(code).toBe(1);
  expect(output).toContain("import cycle: src/forbidden.ts, src/other.ts");
});
