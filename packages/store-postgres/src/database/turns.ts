import { MemoryError } from "@relevo/core";
import { withTimeout } from "@relevo/core/input";

/** One writer at a time for each key, in the order in which they came. */
export interface Turns {
  /**
   * Runs the work when those before it have ended, and tells it how much of its time is left.
   *
   * @throws `aborted` or `timeout`, with nothing applied, when its turn does not come.
   */
  take<Result>(
    key: string,
    signal: AbortSignal | undefined,
    work: (remainingMs: number) => Promise<Result>,
  ): Promise<Result>;
}

/**
 * Ten writers on one row lock fall from 2,600 to 1,700 appends a second, because each that is woken finds the row
 * locked again. Those of one process can wait for each other where waiting costs nothing.
 */
export function createTurns(timeoutMs: number): Turns {
  const last = new Map<string, Promise<void>>();

  return {
    async take(key, signal, work) {
      const end = performance.now() + timeoutMs;
      const before = last.get(key);
      const { promise: mine, resolve: leave } = Promise.withResolvers<void>();
      const ended = before === undefined ? mine : before.then(() => mine);
      last.set(key, ended);
      // Whoever gives up waiting leaves at once, but those behind it still wait for those before it.
      try {
        if (before !== undefined) await withTimeout(() => before, { signal, timeoutMs, timeoutError });
        return await work(Math.max(1, end - performance.now()));
      } finally {
        leave();
        if (last.get(key) === ended) {
          if (before === undefined) last.delete(key);
          else void ended.then(() => last.get(key) === ended && last.delete(key));
        }
      }
    },
  };
}

function timeoutError(): MemoryError {
  return new MemoryError("timeout", "The writers before this one did not end by its deadline.");
}
