import type { Life } from "./mortal-store.ts";

/**
 * Runs a job for each of the numbers side by side, each until that call of its own. Then this process is killed, with
 * every unfinished job in the middle of its work; its parent has learned which ones were finished.
 */
export async function dieTogether(
  lastCalls: readonly number[],
  run: (life: Life, index: number) => Promise<unknown>,
): Promise<void> {
  const jobs = lastCalls.map(
    (last, index) =>
      new Promise<boolean>((resolve, reject) => {
        run({ calls: 0, last, die: () => resolve(false) }, index).then(() => resolve(true), reject);
      }),
  );
  const finished = await Promise.all(jobs);
  process.send?.(finished, () => process.kill(process.pid, "SIGKILL"));
}
