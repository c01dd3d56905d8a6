import { MemoryError } from "@relevo/core";
import { withTimeout } from "@relevo/core/input";

/** One writer at a time for each key, in the order in which they came. */
export interface Turns {
  /**
   * Runs the work when those before it have ended, and tells it how much of its time is left if it had to wait.
   *
   * @throws `aborted` or `timeout`, with nothing applied, when its turn does not come.
   */
  take<Result>(
    key: string,
    signal: AbortSignal | undefined,
    work: (remainingMs?: number) => Promise<Result>,
  ): Promise<Result>;
}

/**
 * Ten writers on one row lock fall from 2,600 to 1,700 appends a second, because each that is woken finds the row
 * locked again. Those of one process can wait for each other where waiting costs nothing.
 */
export function createTurns(timeoutMs: number): Turns {
  /** Waiters by key; a key has an entry while a caller holds it. */
  const lines = new Map<string, (() => void)[]>();

  function leave(key: string): void {
    const next = lines.get(key)?.shift();
    if (next === undefined) lines.delete(key);
    else next();
  }

  /** Whoever gives up waiting leaves the line, and those behind it still wait for those before it. */
  async function wait(key: string, line: (() => void)[], signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    line.push(resolve);
    try {
      await withTimeout(() => promise, { signal, timeoutMs, timeoutError });
    } catch (error) {
      const place = line.indexOf(resolve);
      if (place >= 0) line.splice(place, 1);
      // Its turn came meanwhile.
      else leave(key);
      throw error;
    }
  }

  return {
    async take(key, signal, work) {
      const line = lines.get(key);
      if (line === undefined) {
        lines.set(key, []);
        try {
          return await work();
        } finally {
          leave(key);
        }
      }
      const end = performance.now() + timeoutMs;
      await wait(key, line, signal);
      try {
        return await work(Math.max(1, end - performance.now()));
      } finally {
        leave(key);
      }
    },
  };
}

function timeoutError(): MemoryError {
  return new MemoryError("timeout", "The writers before this one did not end by its deadline.");
}
