import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

/** One thing that a check looked at. */
export interface CheckResult {
  /** What was looked at: a package, a code block, a tarball. */
  readonly name: string;
  readonly passed: boolean;
  /** Why it did not pass, for a person. */
  readonly problems?: readonly string[];
}

/** What a check that is not a Vitest run leaves behind for the count. */
export interface CheckReport {
  readonly results: readonly CheckResult[];
}

/** Writes the report, making its folder. */
export async function writeCheckReport(path: string, report: CheckReport): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `${JSON.stringify(report, undefined, 2)}\n`);
}

/**
 * Prints each result on a line, problems below it, writes the report, and sets the exit code: how every check ends.
 *
 * @throws Error when there are no results, because a check that looked at nothing has shown nothing.
 */
export async function finishCheck(path: string, results: readonly CheckResult[]): Promise<void> {
  if (results.length === 0) throw new Error("The check found nothing to look at");
  for (const { name, passed, problems = [] } of results) {
    console.log(`${passed ? "✔" : "✖"} ${name}`);
    for (const problem of problems) console.log(`    ${problem.replaceAll("\n", "\n    ")}`);
  }
  await writeCheckReport(path, { results });
  if (results.some(({ passed }) => !passed)) process.exitCode = 1;
}
