import { setTimeout as sleep } from "node:timers/promises";

export interface PollOptions {
  /** Five minutes when left out: it is there to end a hang. */
  readonly deadlineMs?: number;
  /** 10 ms when left out. */
  readonly everyMs?: number;
  /** What is waited for, told when it did not come; called only then. */
  readonly waitingFor: () => string | Promise<string>;
}

/** Asks until there is an answer other than `undefined` and `false`. @throws Error when the deadline has passed. */
export async function poll<T>(
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  { deadlineMs = 300_000, everyMs = 10, waitingFor }: PollOptions,
): Promise<T> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > deadline) throw new Error(`waited ${deadlineMs} ms for ${await waitingFor()}`);
    await sleep(everyMs);
  }
}
