import { mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type CommandOptions, runCommand } from "./command.ts";
import { field, listField, textField } from "./json-fields.ts";
import { readJson } from "./read-reports.ts";
import { missing, type Tally } from "./tally.ts";

/** What became of one task of an Nx run. */
export interface TaskOutcome {
  readonly code: number;
  /** What it printed, now or when its result was cached. */
  readonly output: string;
}

/** An Nx run with its tasks by id, such as `@relevo/core:build`. Tasks that did not run are not among them. */
export interface NxRun {
  readonly code: number;
  readonly output: string;
  readonly tasks: ReadonlyMap<string, TaskOutcome>;
}

export interface RunTargetsOptions extends Pick<CommandOptions, "env" | "timeoutMs"> {
  /** Takes a line for each task that ends. */
  readonly report: (line: string) => void;
  /** How many tasks run at once; what `nx.json` says when left out. */
  readonly parallel?: number;
}

/**
 * Runs targets of all projects that have them, from the cache where Nx may. Nothing is built before: the type check has
 * built everything.
 */
export async function runTargets(
  root: string,
  targets: readonly string[],
  { report, parallel, ...options }: RunTargetsOptions,
): Promise<NxRun> {
  const onLine = (line: string) => {
    if (/^\s*[✔✖]\s+nx run /u.test(line)) report(`    ${line.trim()}`);
  };
  const nxArguments = ["run-many", "-t", ...targets, "--output-style=static-failures-only"];
  nxArguments.push("--exclude-task-dependencies");
  if (parallel !== undefined) nxArguments.push(`--parallel=${parallel}`);
  const record = join(root, ".relevo", "tasks.json");
  await mkdir(dirname(record), { recursive: true });
  // The record of an earlier run says nothing about this one.
  await rm(record, { force: true });
  const env = { ...options.env, RELEVO_TASKS_FILE: record };
  const { code, output } = await runCommand("nx", nxArguments, { cwd: root, onLine, ...options, env });
  return { code, output, tasks: readTasks(await readJson(record)) };
}

/** The tasks that `nx-plugin.mjs` wrote; none when Nx ended before it got there. */
export function readTasks(record: unknown): ReadonlyMap<string, TaskOutcome> {
  const ran = listField(record, "tasks").filter((task) => field(task, "status") !== "skipped");
  return new Map(
    ran.map((task) => {
      const code = field(task, "code");
      const outcome = { code: typeof code === "number" ? code : 1, output: textField(task, "output") };
      return [textField(task, "id"), outcome];
    }),
  );
}

/** Counts tasks by their exit code; one that did not run has failed. */
export function countTasks(name: string, run: NxRun, taskIds: readonly string[]): Tally {
  if (taskIds.length === 0) return missing(name, "there is nothing to run");
  const failures = taskIds.filter((id) => run.tasks.get(id)?.code !== 0);
  return {
    name,
    passed: taskIds.length - failures.length,
    failed: failures.length,
    skipped: 0,
    problems: failures.map((id) => (run.tasks.has(id) ? `${id} failed` : `${id} did not run`)),
  };
}
