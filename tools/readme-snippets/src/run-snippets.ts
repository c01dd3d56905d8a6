import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CommandResult, runCommand } from "@relevo/test-run";

/** A snippet to run: its file, and what is added to its environment. */
export interface RunnableSnippet {
  readonly file: string;
  readonly env: { readonly [name: string]: string };
}

/** How a snippet ended, and what it printed. */
export type SnippetOutcome = Pick<CommandResult, "code" | "standardOutput" | "standardError">;

const script = join(import.meta.dirname, "run-together.ts");
const beginning = "\u0001the next snippet begins\u0001";

/**
 * Runs snippets, each in an empty folder: those with the same environment one after the other in one process, and the
 * rest of them in another after one that failed or changed what they share. Outcomes are in the order of the snippets.
 *
 * @param limitSeconds A process that takes longer is killed, and the snippet that it was at has failed.
 */
export async function runSnippets(
  snippets: readonly RunnableSnippet[],
  limitSeconds: number,
): Promise<readonly SnippetOutcome[]> {
  const outcomes = new Map<RunnableSnippet, SnippetOutcome>();
  for (const alike of Map.groupBy(snippets, ({ env }) => JSON.stringify(env)).values()) {
    for (let left = alike; left.length > 0; left = left.filter((snippet) => !outcomes.has(snippet))) {
      const ended = await runInOneProcess(left, limitSeconds);
      for (const [index, outcome] of ended.entries()) {
        const snippet = left[index];
        if (snippet !== undefined) outcomes.set(snippet, outcome);
      }
    }
  }
  return snippets.flatMap((snippet) => outcomes.get(snippet) ?? []);
}

/** The outcomes of the first of these snippets, and of at least one. */
async function runInOneProcess(
  snippets: readonly RunnableSnippet[],
  limitSeconds: number,
): Promise<readonly SnippetOutcome[]> {
  const folder = await mkdtemp(join(tmpdir(), "relevo-snippets-"));
  try {
    const files = snippets.map(({ file }) => file);
    return outcomesOf(
      await runCommand("node", [script, beginning, folder, ...files], {
        cwd: folder,
        env: snippets[0]?.env ?? {},
        timeoutMs: limitSeconds * 1000,
      }),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Each snippet that has begun, but the last, ended well: the next one began after it. */
function outcomesOf({ code, standardOutput, standardError }: CommandResult): readonly SnippetOutcome[] {
  const [before = "", ...printed] = standardOutput.split(beginning);
  const [errorsBefore = "", ...errors] = standardError.split(beginning);
  if (printed.length === 0) {
    return [{ code: code === 0 ? 1 : code, standardOutput: before, standardError: errorsBefore }];
  }
  return printed.map((text, index) => ({
    code: index === printed.length - 1 ? code : 0,
    standardOutput: text,
    standardError: errors[index] ?? "",
  }));
}
