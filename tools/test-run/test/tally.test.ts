import { expect, it } from "vitest";
import { conformance } from "../src/conformance.ts";
import { readLintReport } from "../src/lint.ts";
import { countTasks, readTasks } from "../src/nx.ts";
import { memberPatterns } from "../src/projects.ts";
import { addTallies, closingLine, failedNames, missing, tallyTable } from "../src/tally.ts";
import { countTypeErrors } from "../src/type-check.ts";

const one = { name: "one", passed: 3, failed: 0, skipped: 1, problems: [] };

it("closes with what passed and failed, and names skipped tests only when there are some", () => {
  expect(closingLine(addTallies("total", [one, missing("two", "is not there")]))).toBe(
    "3 passed, 1 failed, 1 skipped",
  );
  expect(closingLine({ ...one, skipped: 0 })).toBe("3 passed, 0 failed");
});

it("says where each problem comes from", () => {
  expect(addTallies("total", [one, missing("two", "is not there")]).problems).toEqual(["two: is not there"]);
});

it("names what failed on a line each, and counts what is left out", () => {
  expect(failedNames(addTallies("total", [one, missing("two", "is not there\nand why")]))).toEqual([
    "✖ two: is not there",
  ]);
  const many = addTallies(
    "total",
    Array.from({ length: 23 }, (_, index) => missing(`part ${index}`, "failed")),
  );
  expect(failedNames(many)).toHaveLength(21);
  expect(failedNames(many).at(-1)).toBe("… and 3 more, listed above");
});

it("lines the table up", () => {
  expect(tallyTable([one, missing("another", "")]).split("\n")).toEqual([
    "            passed   failed  skipped",
    "  one            3        0        1",
    "  another        0        1        0",
  ]);
});

it("counts a task that failed and one that never ran as failures", () => {
  const run = {
    code: 1,
    output: "",
    tasks: new Map([
      ["a:build", { code: 0, output: "" }],
      ["b:build", { code: 1, output: "" }],
    ]),
  };
  expect(countTasks("build", run, ["a:build", "b:build", "c:build"])).toMatchObject({
    passed: 1,
    failed: 2,
    problems: ["b:build failed", "c:build did not run"],
  });
});

it("counts a project for each that compiles, and names the others with what the compiler says of them", () => {
  const projects = ["packages/a", "packages/ab", "packages/c"].map((root) => ({ root, checked: true }));
  const output = [
    "packages/a/src/x.ts(1,2): error TS2322: Type 'string' is not assignable to type 'number'.",
    "  The expected type comes from property 'y'",
    "packages/a/test/y.ts(3,4): error TS2345: No overload matches this call.",
  ].join("\n");
  const tally = countTypeErrors(projects, 1, output);
  expect(tally).toMatchObject({ passed: 2, failed: 1 });
  expect(tally.problems[0]).toMatch(/^packages\/a\/src\/x\.ts\(1,2\).*\npackages\/a\/test\/y\.ts\(3,4\)/u);
  expect(countTypeErrors(projects, 0, "")).toMatchObject({ passed: 3, failed: 0 });
});

it("does not take a compiler that broke down for one that found nothing, nor unchecked tests for sound ones", () => {
  const sound = { root: "packages/a", checked: true };
  expect(countTypeErrors([sound], 2, "out of memory")).toMatchObject({ failed: 1 });
  expect(countTypeErrors([sound, { root: "packages/b", checked: false }], 0, "")).toMatchObject({
    passed: 1,
    failed: 1,
    problems: ["packages/b: has no tsconfig.test.json"],
  });
});

it("reads the members of a workspace from pnpm's settings", () => {
  const settings =
    "packages:\n  - packages/*\n  # a note\n  - examples\n\n  - '!packages/old'\n\ncatalog:\n  zod: 4\n";
  expect(memberPatterns(settings)).toEqual(["packages/*", "examples", "!packages/old"]);
  expect(memberPatterns("catalog:\n  zod: 4\n")).toEqual([]);
});

it("reads the outcome of each task, and takes one that was skipped for one that did not run", () => {
  const tasks = readTasks({
    tasks: [
      { id: "a:test", status: "success", code: 0, output: "fine" },
      { id: "b:test", status: "local-cache", code: 0 },
      { id: "c:test", status: "failure", code: 2, output: "broken" },
      { id: "d:test", status: "failure" },
      { id: "e:test", status: "skipped", code: 0 },
    ],
  });
  expect([...tasks]).toEqual([
    ["a:test", { code: 0, output: "fine" }],
    ["b:test", { code: 0, output: "" }],
    ["c:test", { code: 2, output: "broken" }],
    ["d:test", { code: 1, output: "" }],
  ]);
});

it("finds no task where Nx wrote nothing, so that all of them have failed", () => {
  expect(readTasks(undefined).size).toBe(0);
  const run = { code: 0, output: "", tasks: readTasks(undefined) };
  expect(countTasks("build", run, ["a:build"])).toMatchObject({ passed: 0, failed: 1 });
});

it("counts files without an error as passed and each error as failed", () => {
  const error = {
    severity: "error",
    category: "format",
    message: "differs",
    location: { path: "a.ts", start: { line: 3 } },
  };
  const report = JSON.stringify({ summary: { unchanged: 5 }, diagnostics: [error, error] });
  expect(readLintReport("lint", 1, report)).toMatchObject({ passed: 4, failed: 2 });
  expect(readLintReport("lint", 1, report)?.problems[0]).toBe("a.ts:3: format: differs");
});

it("does not take a linter that broke down for one that found nothing", () => {
  expect(readLintReport("lint", 1, "")).toBeUndefined();
  expect(readLintReport("lint", 0, JSON.stringify({ summary: { unchanged: 0 } }))).toBeUndefined();
  expect(readLintReport("lint", 2, JSON.stringify({ summary: { unchanged: 4 } }))).toMatchObject({
    failed: 1,
  });
});

const group = { target: "test--alone", files: [], projects: [], outside: [] };
const store = {
  name: "@relevo/store-a",
  root: "packages/store-a",
  targets: [],
  groups: { test: [group], slow: [] },
};

function runPrinting(output: string) {
  return { code: 0, output: "", tasks: new Map([["@relevo/store-a:test--alone", { code: 0, output }]]) };
}

it("repeats what a store says of the mutants", () => {
  const line = "conformance: 70 cases, 90 mutants, 0 survived";
  const { lines, tally } = conformance(
    [store],
    runPrinting(`stdout | a.test.ts\n\u001b[2m${line}\u001b[22m\n\n`),
  );
  expect(lines).toEqual([line]);
  expect(tally).toEqual([]);
});

it("fails when there is a store and none says what became of the mutants", () => {
  expect(conformance([store], runPrinting("")).tally).toMatchObject([{ failed: 1 }]);
  expect(conformance([], runPrinting("")).tally).toEqual([]);
});
