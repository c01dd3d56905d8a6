import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CheckResult, runCommand } from "@relevo/test-run";
import type { Snippet } from "./extract.ts";
import { type PlacedSnippet, placeSnippets } from "./place-snippets.ts";
import type { SnippetServices } from "./services.ts";

const timeLimitSeconds = 600;

/**
 * Compiles the snippets of one project's documents under strict settings and runs each in an empty folder: it must
 * end with exit code 0 and print what the document says, but for measured times.
 */
export async function checkSnippets(
  root: string,
  project: string,
  snippets: readonly Snippet[],
  services: SnippetServices,
): Promise<readonly CheckResult[]> {
  const { folder, placed } = await placeSnippets(root, project, snippets);
  const compiled = await runCommand("tsc", ["-p", "tsconfig.json", "--pretty", "false"], { cwd: folder });
  const results: CheckResult[] = [];
  for (const snippet of placed) {
    const compileProblems = errorsOf(snippet, compiled.output);
    const problems =
      compileProblems.length > 0 || !snippet.run ? compileProblems : await run(folder, snippet, services);
    results.push({ name: `${snippet.document}:${snippet.line}`, passed: problems.length === 0, problems });
  }
  if (compiled.code !== 0 && results.every(({ passed }) => passed)) {
    results.push({ name: `${project}: compiler`, passed: false, problems: [compiled.output] });
  }
  return results;
}

/** The compiler's messages for one snippet, with the lines of the document instead of those of the file. */
function errorsOf({ file, line }: PlacedSnippet, output: string): readonly string[] {
  return output
    .split("\n")
    .filter((message) => message.startsWith(`${file}(`))
    .map((message) =>
      message.slice(file.length).replace(/^\((\d+),\d+\): /u, (_, at) => `line ${line - 1 + Number(at)}: `),
    );
}

async function run(
  folder: string,
  { file, code, output }: PlacedSnippet,
  services: SnippetServices,
): Promise<readonly string[]> {
  const env = await services.environmentFor(code);
  // Said aloud by whoever looked for the server; it compiles, which is all that can be told here.
  if (env === undefined) return [];
  const emptyFolder = await mkdtemp(join(tmpdir(), "relevo-snippet-"));
  try {
    const result = await runCommand("node", [join(folder, file)], {
      cwd: emptyFolder,
      env,
      timeoutMs: timeLimitSeconds * 1000,
    });
    if (result.code !== 0) return [`ended with exit code ${result.code}`, result.output.trimEnd()];
    if (output === undefined || normalize(result.standardOutput) === normalize(output)) return [];
    return ["printed something else than the document says:", result.standardOutput.trimEnd()];
  } finally {
    await rm(emptyFolder, { recursive: true, force: true });
  }
}

/** Measured times differ from run to run, and with them the width of their column; the rest is compared. */
function normalize(text: string): string {
  return text
    .replaceAll(/\d+(\.\d+)? (ms|s)\b/gu, "0 $2")
    .replaceAll(/[ \t]+/gu, " ")
    .replaceAll(/ $/gmu, "")
    .trim();
}
