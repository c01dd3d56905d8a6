import { join } from "node:path";
import { type CheckResult, runCommand } from "@relevo/test-run";
import type { Snippet } from "./extract.ts";
import { openKeptOutputs } from "./kept-outputs.ts";
import { type PlacedSnippet, placeSnippets } from "./place-snippets.ts";
import { type RunnableSnippet, runSnippets, type SnippetOutcome } from "./run-snippets.ts";
import type { SnippetServices } from "./services.ts";
import { loadsOthers } from "./snippet-imports.ts";

export interface CheckSnippetsOptions {
  readonly services: SnippetServices;
  /** Ends a hang. */
  readonly limitSeconds: number;
  /** Whether snippets that printed the right thing in an earlier run, and cannot have changed, need not run. */
  readonly keep: boolean;
}

/**
 * Compiles the snippets of a workspace's documents, by project, under strict settings and runs each in an empty folder:
 * it must end with exit code 0 and print what the document says, but for measured times.
 */
export async function checkSnippets(
  root: string,
  snippets: ReadonlyMap<string, readonly Snippet[]>,
  { services, limitSeconds, keep }: CheckSnippetsOptions,
): Promise<readonly CheckResult[]> {
  const { folder, placed } = await placeSnippets(root, snippets);
  const compiled = await runCommand("tsc", ["-p", "tsconfig.json", "--pretty", "false"], { cwd: folder });
  const problems = new Map(placed.map((snippet) => [snippet, errorsOf(snippet, compiled.output)]));
  const kept = keep ? await openKeptOutputs(root) : undefined;
  const runnable = new Map<RunnableSnippet, PlacedSnippet>();
  for (const snippet of placed) {
    if (!snippet.run || problems.get(snippet)?.length !== 0) continue;
    const output = kept?.get(snippet);
    if (output !== undefined) {
      // The document may by now say something else.
      problems.set(snippet, problemsOf(snippet, { code: 0, standardOutput: output, standardError: "" }));
      continue;
    }
    // Without the server that it asks for, it compiles, which is all that can be told here.
    const env = await services.environmentFor(snippet.code);
    if (env !== undefined) runnable.set({ file: join(folder, snippet.file), env }, snippet);
  }
  // What changes the process for the next snippet is set up by packages of others, such as OpenTelemetry's: they come last,
  // so that most snippets share one process, and what it has loaded.
  const ordered = [...runnable].sort(
    ([, a], [, b]) => Number(loadsOthers(a.code)) - Number(loadsOthers(b.code)),
  );
  const outcomes = await runSnippets(
    ordered.map(([snippet]) => snippet),
    limitSeconds,
  );
  for (const [index, [, snippet]] of ordered.entries()) {
    const outcome = outcomes[index];
    const found = problemsOf(snippet, outcome);
    problems.set(snippet, found);
    if (outcome !== undefined && found.length === 0) kept?.add(snippet, outcome.standardOutput);
  }
  await kept?.save();
  const results = [...problems].map(([{ document, line }, found]) => ({
    name: `${document}:${line}`,
    passed: found.length === 0,
    problems: found,
  }));
  if (compiled.code === 0 || results.some(({ passed }) => !passed)) return results;
  return [...results, { name: "compiler", passed: false, problems: [compiled.output] }];
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

function problemsOf({ output }: PlacedSnippet, outcome: SnippetOutcome | undefined): readonly string[] {
  if (outcome === undefined) return ["did not run"];
  const { code, standardOutput, standardError } = outcome;
  if (code !== 0) return [`ended with exit code ${code}`, `${standardOutput}${standardError}`.trimEnd()];
  if (output === undefined || normalize(standardOutput) === normalize(output)) return [];
  return ["printed something else than the document says:", standardOutput.trimEnd()];
}

/** Measured times differ from run to run, and with them the width of their column; the rest is compared. */
export function normalize(text: string): string {
  return text
    .replaceAll(/\d+(\.\d+)? (ms|s)\b/gu, "0 $2")
    .replaceAll(/[ \t]+/gu, " ")
    .replaceAll(/ $/gmu, "")
    .trim();
}
