// Not the global timers, which test runners replace by fakes that never fire.
import { setTimeout as wait } from "node:timers/promises";
import type { CallOptions } from "../ports/common.ts";
import { abortError, throwIfAborted } from "./numbers.ts";

/** The longest that a timer of Node.js can wait; a longer one fires at once. In milliseconds. */
export const maxTimerMs: number = 2 ** 31 - 1;

/**
 * Waits, however long it is. The pause keeps the process alive.
 *
 * @throws `aborted` as soon as the signal fires, also when it had fired before.
 */
export async function sleep(ms: number, { signal }: CallOptions = {}): Promise<void> {
  throwIfAborted(signal);
  try {
    for (let left = ms; ; left -= maxTimerMs) {
      await wait(Math.min(left, maxTimerMs), undefined, { signal });
      if (left <= maxTimerMs) return;
    }
  } catch (cause) {
    // The pause ends early for no other reason.
    throw signal === undefined ? cause : abortError(signal);
  }
}
