import type { StoreState } from "./store-state.ts";

/** How much one turn of the event loop frees before it lets others run. */
const batch = 500;

/**
 * Frees expired data from time to time. Nothing waits for it: what has expired is invisible before. Its timers never
 * keep the process alive. Returns how to stop it.
 */
export function startSweep(state: StoreState): () => void {
  const { sweepIntervalMs, onError } = state.options;
  if (sweepIntervalMs === 0) return () => undefined;
  let next: NodeJS.Timeout | undefined;

  function sweep(): void {
    let more = false;
    try {
      more = state.expire(batch).more;
    } catch (error) {
      onError(error);
    }
    schedule(more ? 1 : sweepIntervalMs);
  }

  function schedule(delayMs: number): void {
    next = setTimeout(sweep, delayMs);
    next.unref();
  }

  schedule(sweepIntervalMs);
  return () => clearTimeout(next);
}
