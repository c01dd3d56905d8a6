import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createScratchWorkspace, type ScratchWorkspace } from "../src/scratch-workspace.ts";

// Each run of a workspace takes seconds, so a run shows as much as it can.
const workspace = join(import.meta.dirname, "..", "..", "..");
const main = join(workspace, "tools", "test-run", "src", "main.ts");
const tsconfig = JSON.stringify({
  extends: "../../tsconfig.base.json",
  compilerOptions: { rootDir: ".", noEmit: true, types: [] },
  include: ["src"],
});

function shell(command: string): object {
  return { executor: "nx:run-commands", options: { command } };
}

function testFile(expected: number): string {
  return `import { expect, it } from "vitest";
import { three } from "../src/index.ts";

it("is three", () => expect(three).toBe(${expected}));

it("is a number", () => expect(three).toBeTypeOf("number"));
`;
}

/** A package whose tests pass; `targets` are added to its own. */
function packageFiles(name: string, targets: object = {}): { readonly [path: string]: string } {
  const manifest = {
    name: `@relevo/${name}`,
    version: "0.1.0",
    type: "module",
    nx: { targets: { build: {}, typecheck: {}, ...targets } },
  };
  return {
    [`packages/${name}/package.json`]: `${JSON.stringify(manifest)}\n`,
    [`packages/${name}/tsconfig.json`]: tsconfig,
    [`packages/${name}/tsconfig.test.json`]: tsconfig,
    [`packages/${name}/src/index.ts`]: "export const three: number = 3;\n",
    [`packages/${name}/test/${name}.test.ts`]: testFile(3),
  };
}

let scratch: ScratchWorkspace;

beforeEach(async () => {
  scratch = await createScratchWorkspace(workspace);
});

afterEach(() => scratch[Symbol.asyncDispose]());

async function format(): Promise<void> {
  await scratch.run("biome", ["check", "--write", "."]);
}

async function run(...more: readonly string[]) {
  const result = await scratch.run("node", [main, "--root", scratch.root, ...more]);
  return { ...result, closing: result.standardOutput.trimEnd().split("\n").at(-1) };
}

it("passes when everything passes, again from the cache, and runs what is slow only when asked", async () => {
  const failing = { fuzz: shell("false"), faults: shell("false"), soak: shell("false") };
  await scratch.write({
    ...packageFiles("sums", failing),
    "packages/sums/test/sums.slow.test.ts": testFile(4),
  });
  await format();
  const first = await run();
  expect(first.closing, first.output).toMatch(/^\d+ passed, 0 failed$/u);
  expect(first.code).toBe(0);
  await rm(join(scratch.root, "packages", "sums", ".reports"), { recursive: true });

  const second = await run();
  expect(second.closing).toBe(first.closing);
  expect(second.output).toMatch(/@relevo\/sums:test.*cache/u);

  const broken = await run("--slow", "--faults", "--soak", "7");
  expect(broken.code).toBe(1);
  expect(broken.closing).toMatch(/^\d+ passed, 4 failed$/u);
  for (const problem of ["@relevo/sums slow: is three", "sums:fuzz", "sums:faults", "sums:soak"]) {
    expect(broken.output).toContain(problem);
  }
});

it("counts what is slow when asked, and tells the soak its time", async () => {
  const soak = shell('test "$RELEVO_SOAK_SECONDS" = 8');
  await scratch.write({
    ...packageFiles("sums", { fuzz: shell("true"), faults: shell("true"), soak }),
    "packages/sums/test/sums.slow.test.ts": testFile(3),
    ...packageFiles("tool"),
    "packages/tool/test/tool.slow.test.ts": testFile(3),
  });
  // A tool may have slow tests alone.
  await rm(join(scratch.root, "packages", "tool", "test", "tool.test.ts"));
  await format();
  const { code, output } = await run("--slow", "--faults", "--soak", "8");
  expect(code, output).toBe(0);
  for (const part of ["slow tests: 4", "fuzz: 1", "faults: 1", "soak: 1"]) {
    expect(output).toContain(`${part} passed, 0 failed`);
  }
});

it("fails for every package that is broken, each in its own way, and names what failed last", async () => {
  await scratch.write({
    ...packageFiles("sums"),
    ...packageFiles("wrong"),
    "packages/wrong/test/wrong.test.ts": testFile(4),
    ...packageFiles("killed", { test: shell("kill -9 $$") }),
    ...packageFiles("untyped"),
    "packages/untyped/src/broken.ts": "export const text: string = 3;\n",
    ...packageFiles("untested"),
  });
  await rm(join(scratch.root, "packages", "untested", "test"), { recursive: true });
  await format();
  await scratch.write({
    "packages/sums/src/loose.ts": "export const   loose = 1\n",
  });
  const { code, closing, output } = await run("--slow", "--faults", "--soak", "7");
  expect(code).toBe(1);
  expect(closing).toMatch(/^\d+ passed, [1-9]\d* failed$/u);
  for (const nothing of ["slow tests", "a fuzz target", "a faults target", "a soak target"]) {
    expect(output).toContain(`no project has ${nothing} yet`);
  }
  const lastLines = output.trimEnd().split("\n").slice(-15).join("\n");
  for (const problem of [
    /^✖ @relevo\/wrong: .*is three/mu,
    /^✖ @relevo\/killed: .*left no readable report/mu,
    /^✖ .*packages\/untyped\/src\/broken\.ts\(1,14\): error TS2322/mu,
    /^✖ .*loose\.ts:\d+: format/mu,
    /^✖ @relevo\/untested: has no tests/mu,
  ]) {
    // Just above the closing line, where it is still on the screen.
    expect(lastLines, output).toMatch(problem);
  }
  // What is in order counts all the same.
  expect(output).toMatch(/^ {2}@relevo\/sums +2 +0 +0$/mu);
});

it("runs again only the tests that load what has changed", async () => {
  const manifest = {
    name: "@relevo/user",
    version: "0.1.0",
    type: "module",
    devDependencies: { "@relevo/sums": "workspace:*" },
    nx: { targets: { build: {}, typecheck: {} } },
  };
  const test = (more: string) =>
    `import { expect, it } from "vitest";\n${more}\nit("runs", () => expect(1).toBe(1));\n`;
  const files = (name: string, text: string) =>
    Object.fromEntries([1, 2, 3, 4].map((n) => [`packages/user/test/${name}-${n}.test.ts`, text]));
  await scratch.write({
    ...packageFiles("sums"),
    "packages/user/package.json": `${JSON.stringify(manifest)}\n`,
    "packages/user/tsconfig.json": tsconfig,
    "packages/user/tsconfig.test.json": tsconfig,
    "packages/user/src/index.ts": "export const four: number = 4;\n",
    ...files("alone", test("")),
    ...files(
      "with-sums",
      test('import { three } from "../../sums/src/index.ts";\n\nexpect(three).toBeGreaterThan(0);\n'),
    ),
  });
  await format();
  const before = await run();
  expect(before.closing, before.output).toMatch(/^\d+ passed, 0 failed$/u);
  await scratch.write({ "packages/sums/src/more.ts": "export const five: number = 5;\n" });
  const after = await run();
  expect(after.closing, after.output).toMatch(/^\d+ passed, 0 failed$/u);
  expect(after.output).toMatch(/@relevo\/user:test--alone.*cache/u);
  expect(after.output).toMatch(/@relevo\/user:test--sums(?!.*cache)/u);
  expect(after.output).toMatch(/@relevo\/sums:test(?!.*cache)/u);
});

it("fails when the workspace itself cannot be read, by us or by Nx", async () => {
  await scratch.write({ ...packageFiles("sums"), "nx.json": "{ broken" });
  const unread = await run();
  expect(unread.code).toBe(1);
  expect(unread.closing).toMatch(/^\d+ passed, [1-9]\d* failed$/u);
  await scratch.write({ "packages/sums/package.json": "{ broken" });
  expect(await run()).toMatchObject({ code: 1, closing: "0 passed, 1 failed" });
});
