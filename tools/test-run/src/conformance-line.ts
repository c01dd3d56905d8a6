import { join } from "node:path";
import { field } from "./json-fields.ts";
import type { Project } from "./nx.ts";
import { readJson } from "./read-reports.ts";

/**
 * What the mutant tests found, one line for each project that left `.reports/mutants.json`: how many cases the kit
 * has, how many broken stores it was tried on, and how many of those it did not catch.
 */
export async function conformanceLines(
  root: string,
  projects: readonly Project[],
): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const project of projects) {
    const report = await readJson(join(root, project.root, ".reports", "mutants.json"));
    if (report === undefined) continue;
    const [cases, mutants, survived] = ["cases", "mutants", "survived"].map((name) => field(report, name));
    lines.push(`conformance: ${cases} cases, ${mutants} mutants, ${survived} survived`);
  }
  return lines;
}
