import { vi } from "vitest";

/**
 * How many timers of this delay are pending, of those started from now on; `vi.restoreAllMocks()` ends it. Files share their
 * process, in which stores and caches of earlier tests go on with timers of their own.
 */
export function countTimers(delayMs: number): () => number {
  const { setTimeout: start, clearTimeout: clear } = globalThis;
  const pending = new Set<unknown>();
  vi.spyOn(globalThis, "setTimeout").mockImplementation(((call: () => void, ms?: number) => {
    const timer = start(() => {
      pending.delete(timer);
      call();
    }, ms);
    if (ms === delayMs) pending.add(timer);
    return timer;
  }) as typeof setTimeout);
  vi.spyOn(globalThis, "clearTimeout").mockImplementation((timer) => {
    pending.delete(timer);
    clear(timer);
  });
  return () => pending.size;
}
