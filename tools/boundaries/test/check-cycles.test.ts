import { expect, test } from "vitest";
import { checkCycles } from "../src/check-cycles.ts";
import { importsOf } from "../src/source-files.ts";

function project(files: { readonly [path: string]: string }): readonly string[] {
  return checkCycles(Object.entries(files).map(([path, text]) => ({ path, imports: importsOf(path, text) })));
}

test("files that import each other for their types alone are a cycle", () => {
  expect(
    project({
      "src/session.ts":
        'import type { Tenant } from "./tenant.ts"; export interface Session { tenant: Tenant }',
      "src/tenant.ts":
        'import { type Session } from "./session.ts"; export interface Tenant { all: Session[] }',
    }),
  ).toEqual(["import cycle: src/session.ts, src/tenant.ts"]);
});

test("a longer cycle through folders and re-exports is found once", () => {
  expect(
    project({
      "src/index.ts": 'export { a } from "./a.ts";',
      "src/a.ts": 'import { b } from "./inner/b.ts"; export const a = b;',
      "src/inner/b.ts": 'export { c as b } from "./c.ts";',
      "src/inner/c.ts": 'import type { A } from "../a.ts"; export const c: A = 1;',
    }),
  ).toEqual(["import cycle: src/a.ts, src/inner/b.ts, src/inner/c.ts"]);
});

test("a file that imports itself is a cycle", () => {
  expect(project({ "src/a.ts": 'import type { A } from "./a.ts"; export interface A { next: A }' })).toEqual([
    "import cycle: src/a.ts",
  ]);
});

test("two cycles that share no file are two problems, and one that leads into another is none", () => {
  const problems = project({
    "src/a.ts": 'import "./b.ts";',
    "src/b.ts": 'import "./a.ts"; import "./c.ts";',
    "src/c.ts": 'import "./d.ts";',
    "src/d.ts": 'import "./e.ts";',
    "src/e.ts": 'import "./d.ts";',
  });
  expect(problems.toSorted()).toEqual([
    "import cycle: src/a.ts, src/b.ts",
    "import cycle: src/d.ts, src/e.ts",
  ]);
});

test("a diamond, a package import and a file that is not there are no cycles", () => {
  expect(
    project({
      "src/top.ts": 'import "./left.ts"; import "./right.ts"; import "@relevo/core"; import "./gone.ts";',
      "src/left.ts": 'import "./base.ts";',
      "src/right.ts": 'import "./base.ts"; import "./left.ts";',
      "src/base.ts": "export {};",
    }),
  ).toEqual([]);
});

test("a chain of very many files is followed without exhausting the stack", () => {
  const length = 20_000;
  const files = Array.from({ length }, (_, n) => ({
    path: `src/f${n}.ts`,
    imports: [`./f${(n + 1) % length}.ts`],
  }));
  const [problem] = checkCycles(files);
  expect(problem?.split(", ")).toHaveLength(length);
});
