import { runCommand } from "./command.ts";
import { field, listField, textField } from "./json-fields.ts";
import { missing, type Tally } from "./tally.ts";

/** Lint, format and import cycles: Biome looks at each file, and every file without an error has passed. */
export async function lint(root: string): Promise<Tally> {
  const name = "lint and format";
  const { code, standardOutput, output } = await runCommand(
    "biome",
    ["ci", "--reporter=json", "--max-diagnostics=none", "--colors=off"],
    { cwd: root },
  );
  return readLintReport(name, code, standardOutput) ?? missing(name, `Biome gave no report:\n${output}`);
}

/** Counts Biome's JSON report; `undefined` when there is none. */
export function readLintReport(name: string, code: number, standardOutput: string): Tally | undefined {
  const report = parse(standardOutput);
  const files = Number(field(field(report, "summary"), "unchanged"));
  if (!Number.isInteger(files) || files === 0) return undefined;
  const errors = listField(report, "diagnostics").filter(
    (diagnostic) => textField(diagnostic, "severity") === "error",
  );
  const problems = errors.map((error) => {
    const location = field(error, "location");
    const line = field(field(location, "start"), "line");
    return `${textField(location, "path")}:${line}: ${textField(error, "category")}: ${textField(error, "message")}`;
  });
  if (code !== 0 && problems.length === 0) problems.push(`Biome ended with exit code ${code}`);
  const filesWithErrors = new Set(errors.map((error) => textField(field(error, "location"), "path"))).size;
  return {
    name,
    passed: Math.max(0, files - filesWithErrors),
    failed: problems.length,
    skipped: 0,
    problems,
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
