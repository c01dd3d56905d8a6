import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openKeptOutputs } from "../src/kept-outputs.ts";
import type { PlacedSnippet } from "../src/place-snippets.ts";

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "relevo-kept-"));
  await write("pnpm-workspace.yaml", "packages:\n  - packages/*\n");
  await write("pnpm-lock.yaml", "lockfileVersion: 9");
  await writePackage("sums", []);
  await writePackage("more", ["sums"]);
  await writePackage("other", []);
});

afterEach(() => rm(root, { recursive: true, force: true }));

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), text);
}

async function writePackage(name: string, dependencies: readonly string[]): Promise<void> {
  const versions = Object.fromEntries(dependencies.map((one) => [`@relevo/${one}`, "workspace:*"]));
  await write(
    `packages/${name}/package.json`,
    JSON.stringify({ name: `@relevo/${name}`, dependencies: { ...versions, left: "1.0.0" } }),
  );
  await write(`packages/${name}/dist/deep/${name}.js`, "export const one = 1;");
}

const snippet = (code: string, changes: Partial<PlacedSnippet> = {}): PlacedSnippet => ({
  document: "README.md",
  line: 1,
  run: true,
  file: "workspace/README.md-line-1.ts",
  code,
  ...changes,
});

const usesMore = snippet('import { one } from "@relevo/more/deep";\nconsole.log(one);');

/** What a later run finds. */
const found = async (wanted: PlacedSnippet) => (await openKeptOutputs(root)).get(wanted);

async function keep(passed: PlacedSnippet): Promise<void> {
  const outputs = await openKeptOutputs(root);
  outputs.add(passed, "1\n");
  await outputs.save();
}

describe("openKeptOutputs", () => {
  it("finds what an earlier run kept, wherever the snippet is in its document", async () => {
    await keep(usesMore);
    expect(await found(usesMore)).toBe("1\n");
    expect(await found({ ...usesMore, line: 9, file: "workspace/README.md-line-9.ts" })).toBe("1\n");
  });

  it.each([
    ["its package", "packages/more/dist/deep/more.js"],
    ["a package that its package depends on", "packages/sums/dist/deep/sums.js"],
    ["a file that is new in one of them", "packages/sums/dist/new.js"],
    ["the manifest of its package", "packages/more/package.json"],
    ["the lockfile", "pnpm-lock.yaml"],
  ])("finds nothing when %s has changed", async (_, path) => {
    await keep(usesMore);
    await write(path, JSON.stringify({ name: "@relevo/more", dependencies: {} }));
    expect(await found(usesMore)).toBeUndefined();
  });

  it.each([
    ["the code", { code: `${usesMore.code}\n` }],
    ["the project whose packages it finds", { file: "packages-more/README.md-line-1.ts" }],
  ])("finds nothing when %s is another", async (_, changes) => {
    await keep(usesMore);
    expect(await found({ ...usesMore, ...changes })).toBeUndefined();
  });

  it("finds it when only what it does not use has changed", async () => {
    await keep(usesMore);
    await write("packages/other/dist/deep/other.js", "");
    await write("packages/sums/dist/deep/sums.d.ts", "");
    expect(await found(usesMore)).toBe("1\n");
  });

  it.each([
    ["reads the environment", "console.log(process.env.HOME);"],
    ["names a package that is not there", 'import "@relevo/none";'],
  ])("keeps nothing of a snippet that %s", async (_, code) => {
    await keep(snippet(code));
    expect(await found(snippet(code))).toBeUndefined();
  });

  it("forgets what a run neither found nor added", async () => {
    await keep(usesMore);
    const outputs = await openKeptOutputs(root);
    outputs.get(usesMore);
    await outputs.save();
    expect(await found(usesMore)).toBe("1\n");
    await keep(snippet("console.log(1);"));
    expect(await found(usesMore)).toBeUndefined();
  });

  it.each(["", "{", "null", '{"a":1}'])("begins with nothing when its file is %j", async (text) => {
    await keep(usesMore);
    const path = ".relevo/snippet-outputs.json";
    await write(path, text);
    expect(await found(usesMore)).toBeUndefined();
    await keep(usesMore);
    expect(Object.values(JSON.parse(await readFile(join(root, path), "utf8")))).toEqual(["1\n"]);
  });
});
