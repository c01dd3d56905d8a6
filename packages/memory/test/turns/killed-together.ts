import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";

/**
 * Forks a program that ends with `dieTogether`, and waits for its death. For each of its jobs: whether it was finished before.
 * One process for many jobs, because starting one costs as much as tens of them.
 */
export async function killedTogether(script: URL, job: object): Promise<readonly boolean[]> {
  const child = fork(fileURLToPath(script), [JSON.stringify(job)]);
  let finished: readonly boolean[] = [];
  child.on("message", (message: readonly boolean[]) => {
    finished = message;
  });
  // A message may come after the exit, and none after the disconnect.
  const [end] = await Promise.all([once(child, "exit"), once(child, "disconnect")]);
  expect(end, "the process is killed").toEqual([null, "SIGKILL"]);
  return finished;
}
