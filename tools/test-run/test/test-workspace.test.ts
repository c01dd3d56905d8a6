import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createScratchWorkspace, type ScratchWorkspace } from "../src/scratch-workspace.ts";

const workspace = join(import.meta.dirname, "..", "..", "..");
const main = join(workspace, "tools", "test-run", "src", "main.ts");
const tsconfig = JSON.stringify({
  extends: "../../tsconfig.base.json",
  compilerOptions: { rootDir: ".", noEmit: true, types: [] },
  include: ["src"],
});

function manifest(test: object = {}, more: object = {}) {
  return `${JSON.stringify({
    name: "@relevo/sums",
    version: "0.1.0",
    type: "module",
    nx: { targets: { build: {}, typecheck: {}, test, ...more } },
  })}\n`;
}

function testFile(expected: number) {
  return `import { expect, it } from "vitest";
import { three } from "../src/index.ts";

it("is three", () => expect(three).toBe(${expected}));

it("is a number", () => expect(three).toBeTypeOf("number"));
`;
}

let scratch: ScratchWorkspace;

beforeAll(async () => {
  scratch = await createScratchWorkspace(workspace);
  await scratch.write({
    "packages/sums/package.json": manifest(),
    "packages/sums/tsconfig.json": tsconfig,
    "packages/sums/tsconfig.test.json": tsconfig,
    "packages/sums/src/index.ts": "export const three: number = 3;\n",
    "packages/sums/test/sums.test.ts": testFile(3),
  });
  await scratch.run("biome", ["check", "--write", "."]);
});

afterAll(() => scratch[Symbol.asyncDispose]());

async function writeManifest(content: string) {
  await scratch.write({ "packages/sums/package.json": content });
  await scratch.run("biome", ["format", "--write", "packages"]);
}

async function run(...more: readonly string[]) {
  const result = await scratch.run("node", [main, "--root", scratch.root, ...more]);
  return { ...result, closing: result.standardOutput.trimEnd().split("\n").at(-1) };
}

it("passes when everything passes, again from the cache, and counts the same", async () => {
  const first = await run();
  expect(first.closing, first.output).toMatch(/^\d+ passed, 0 failed$/u);
  expect(first.code).toBe(0);
  await rm(join(scratch.root, "packages", "sums", ".reports"), { recursive: true });

  const second = await run();
  expect(second.closing).toBe(first.closing);
  expect(second.output).toMatch(/@relevo\/sums:test.*cache/u);
});

it("fails with the name of a failing test", async () => {
  await scratch.write({ "packages/sums/test/sums.test.ts": testFile(4) });
  const { code, closing, output } = await run();
  await scratch.write({ "packages/sums/test/sums.test.ts": testFile(3) });
  expect(code).toBe(1);
  expect(closing).toMatch(/^\d+ passed, 1 failed$/u);
  expect(output).toContain("is three");
  // Just above the closing line, where it is still on the screen.
  expect(output.trimEnd().split("\n").at(-2)).toMatch(/^✖ @relevo\/sums: .*is three/u);
});

it("fails when the tests were cut short and left no report", async () => {
  const killed = { executor: "nx:run-commands", options: { command: "kill -9 $$" } };
  await writeManifest(manifest(killed));
  const { code, closing, output } = await run();
  await writeManifest(manifest());
  expect(code).toBe(1);
  expect(closing).toMatch(/^\d+ passed, [1-9]\d* failed$/u);
  expect(output).toContain("@relevo/sums: left no readable report");
});

it("fails when the workspace itself cannot be read", async () => {
  await scratch.write({ "nx.json": "{ broken" });
  const { code, closing } = await run();
  await cp(join(workspace, "nx.json"), join(scratch.root, "nx.json"));
  expect(code).toBe(1);
  expect(closing).toBe("0 passed, 1 failed");
});

it("counts a soak, tells it its time, and says when there is none", async () => {
  const none = await run("--soak", "7");
  expect(none.code, none.output).toBe(0);
  expect(none.output).toContain("no project has a soak target yet");

  const soak = { executor: "nx:run-commands", options: { command: 'test "$RELEVO_SOAK_SECONDS" != 7' } };
  await writeManifest(manifest({}, { soak }));
  expect((await run("--soak", "8")).code).toBe(0);
  const failing = await run("--soak", "7");
  await writeManifest(manifest());
  expect(failing.code).toBe(1);
  expect(failing.closing).toMatch(/^\d+ passed, 1 failed$/u);
});

it("counts faults when asked, and says when there are none", async () => {
  const none = await run("--faults");
  expect(none.code, none.output).toBe(0);
  expect(none.output).toContain("no project has a faults target yet");

  const faults = (command: string) => ({ faults: { executor: "nx:run-commands", options: { command } } });
  await writeManifest(manifest({}, faults("true")));
  expect((await run("--faults")).output).toMatch(/faults: 1 passed, 0 failed/u);
  await writeManifest(manifest({}, faults("false")));
  expect((await run()).code).toBe(0);
  const failing = await run("--faults");
  await writeManifest(manifest());
  expect(failing.code).toBe(1);
  expect(failing.closing).toMatch(/^\d+ passed, 1 failed$/u);
});

it("fails on a type error, a badly formatted file and an import cycle", async () => {
  await scratch.write({
    "packages/sums/src/broken.ts": "export const text: string = 3;\n",
    "packages/sums/src/loose.ts": "export const   loose = 1\n",
    "packages/sums/src/left.ts":
      'import { right } from "./right.ts";\n\nexport const left: number = right;\n',
    "packages/sums/src/right.ts": 'import { left } from "./left.ts";\n\nexport const right: number = left;\n',
  });
  const { code, output } = await run();
  expect(code).toBe(1);
  expect(output).toContain("@relevo/sums:build failed");
  expect(output).toMatch(/loose\.ts:\d+: format/u);
  expect(output).toMatch(/left\.ts:\d+: lint\/suspicious\/noImportCycles/u);
});
