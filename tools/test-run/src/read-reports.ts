import { readFile } from "node:fs/promises";
import { field, listField, textField } from "./json-fields.ts";
import { missing, type Tally } from "./tally.ts";

/**
 * Counts the tests of one Vitest JSON report. A report that is missing, cut off or empty is a failure, so is a file
 * that could not be loaded, a run that says of itself that it did not succeed, and a report of other test files
 * than `expected`.
 */
export async function readVitestReport(
  name: string,
  path: string,
  expected: readonly string[],
): Promise<Tally> {
  const report = await readJson(path);
  if (report === undefined) return missing(name, "left no readable report");
  const files = listField(report, "testResults");
  const tests = files.flatMap((file) => listField(file, "assertionResults"));
  const problems = [...tests.filter(isFailed).map(describeTest), ...files.filter(isBroken).map(describeFile)];
  const ran = files.map((file) => textField(file, "name")).sort();
  const wanted = new Set(expected);
  problems.push(...expected.filter((file) => !ran.includes(file)).map((file) => `${file}: never ran`));
  problems.push(
    ...ran.filter((file) => !wanted.delete(file)).map((file) => `${file}: ran unasked, or twice`),
  );
  const passed = tests.filter((test) => textField(test, "status") === "passed").length;
  const failed = tests.filter(isFailed).length;
  if (problems.length === 0 && field(report, "success") !== true) problems.push("the run did not succeed");
  if (problems.length === 0 && passed === 0) problems.push("no test has passed");
  return { name, passed, failed: problems.length, skipped: tests.length - passed - failed, problems };
}

/** Counts the results of a check's own report; one that is missing or empty is a failure. */
export async function readCheckReport(name: string, path: string): Promise<Tally> {
  const results = listField(await readJson(path), "results");
  if (results.length === 0) return missing(name, "left no readable report");
  const failures = results.filter((result) => field(result, "passed") !== true);
  return {
    name,
    passed: results.length - failures.length,
    failed: failures.length,
    skipped: 0,
    problems: failures.map((result) =>
      [textField(result, "name"), ...listField(result, "problems").map(String)].join("\n"),
    ),
  };
}

/** The value in a JSON file, `undefined` when the file is missing or cut off. */
export async function readJson(path: string): Promise<unknown> {
  const text = await readText(path);
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The text of a file, `undefined` when it is missing. */
export async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (field(error, "code") === "ENOENT") return undefined;
    throw error;
  }
}

function isFailed(test: unknown): boolean {
  return textField(test, "status") === "failed";
}

/** A file that failed though none of its tests did: it could not be loaded, or a hook threw. */
function isBroken(file: unknown): boolean {
  return textField(file, "status") === "failed" && !listField(file, "assertionResults").some(isFailed);
}

function describeTest(test: unknown): string {
  return [
    textField(test, "fullName"),
    ...listField(test, "failureMessages").map((text) => firstLines(`${text}`)),
  ].join("\n");
}

function describeFile(file: unknown): string {
  return `${textField(file, "name")}\n${firstLines(textField(file, "message"))}`;
}

function firstLines(text: string): string {
  return text.split("\n").slice(0, 4).join("\n");
}
