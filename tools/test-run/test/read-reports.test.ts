import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { readCheckReport, readVitestReport } from "../src/read-reports.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "relevo-reports-"));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

async function vitestReport(content: unknown, expected = ["a.test.ts"]) {
  const path = join(folder, "test.json");
  await writeFile(path, typeof content === "string" ? content : JSON.stringify(content));
  return readVitestReport("project", path, expected);
}

const passed = { fullName: "adds", status: "passed", failureMessages: [] };
const failed = { fullName: "divides", status: "failed", failureMessages: ["expected 1 to be 2\n at x"] };
const skipped = { fullName: "waits", status: "skipped", failureMessages: [] };

it("counts tests by their status", async () => {
  const tally = await vitestReport({
    success: false,
    testResults: [
      { name: "a.test.ts", status: "failed", assertionResults: [passed, failed, skipped, passed] },
    ],
  });
  expect(tally).toMatchObject({ passed: 2, failed: 1, skipped: 1 });
  expect(tally.problems[0]).toContain("divides");
  expect(tally.problems[0]).toContain("expected 1 to be 2");
});

it("counts a file that could not be loaded as a failure", async () => {
  const report = {
    success: false,
    testResults: [
      { name: "a.test.ts", status: "passed", assertionResults: [passed] },
      { name: "b.test.ts", status: "failed", message: "Cannot find module", assertionResults: [] },
    ],
  };
  const tally = await vitestReport(report, ["a.test.ts", "b.test.ts"]);
  expect(tally).toMatchObject({ passed: 1, failed: 1 });
  expect(tally.problems[0]).toContain("Cannot find module");
});

it("counts a run that did not succeed as a failure, though each test passed", async () => {
  const results = [{ name: "a.test.ts", status: "passed", assertionResults: [passed] }];
  expect(await vitestReport({ success: false, testResults: results })).toMatchObject({
    passed: 1,
    failed: 1,
  });
  expect(await vitestReport({ success: true, testResults: results })).toMatchObject({ passed: 1, failed: 0 });
});

it("counts a test file that is not in the report, or that nobody asked for, as a failure", async () => {
  const ran = (...names: readonly string[]) => ({
    success: true,
    testResults: names.map((name) => ({ name, status: "passed", assertionResults: [passed] })),
  });
  expect(await vitestReport(ran("a.test.ts", "b.test.ts"), ["a.test.ts", "b.test.ts"])).toMatchObject({
    passed: 2,
    failed: 0,
  });
  expect(await vitestReport(ran("a.test.ts"), ["a.test.ts", "b.test.ts"])).toMatchObject({
    failed: 1,
    problems: ["b.test.ts: never ran"],
  });
  for (const more of ["a.test.ts", "c.test.ts"]) {
    expect(await vitestReport(ran("a.test.ts", more))).toMatchObject({
      failed: 1,
      problems: [`${more}: ran unasked, or twice`],
    });
  }
});

it.each([
  ["cut off", '{"success":true,"testResults":[{"assertionRes'],
  ["empty", { success: true, testResults: [] }],
  [
    "all skipped",
    { success: true, testResults: [{ name: "a.test.ts", status: "passed", assertionResults: [skipped] }] },
  ],
])("counts a report that is %s as a failure", async (_, content) => {
  expect(await vitestReport(content)).toMatchObject({ passed: 0, failed: 1 });
});

it("counts a missing report as a failure", async () => {
  expect(await readVitestReport("project", join(folder, "absent.json"), [])).toMatchObject({
    passed: 0,
    failed: 1,
  });
  expect(await readCheckReport("check", join(folder, "absent.json"))).toMatchObject({ passed: 0, failed: 1 });
});

it("counts the results of a check", async () => {
  const path = join(folder, "check.json");
  const results = [
    { name: "one", passed: true },
    { name: "two", passed: false, problems: ["broken"] },
    { name: "three" },
  ];
  await writeFile(path, JSON.stringify({ results }));
  expect(await readCheckReport("check", path)).toMatchObject({
    passed: 1,
    failed: 2,
    problems: ["two\nbroken", "three"],
  });
});
