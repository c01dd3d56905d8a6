// A plugin of Nx, named in nx.json: writes what became of each task of a run to the file that
// RELEVO_TASKS_FILE names, and does nothing without it. The hook is documented:
// https://nx.dev/docs/extending-nx/task-running-lifecycle. Plain JavaScript, because Nx loads it as it is.
import { writeFileSync } from "node:fs";

export const name = "record-tasks";

/**
 * @param {unknown} _options
 * @param {{ taskResults: Record<string, { status: string, code: number, terminalOutput?: string }> }} context
 * @returns {void}
 */
export function postTasksExecution(_options, { taskResults }) {
  const file = process.env.RELEVO_TASKS_FILE;
  if (file === undefined) return;
  const tasks = Object.entries(taskResults).map(([id, { status, code, terminalOutput = "" }]) => ({
    id,
    status,
    code,
    output: terminalOutput,
  }));
  writeFileSync(file, JSON.stringify({ tasks }));
}
