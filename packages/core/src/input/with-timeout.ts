import { clearTimeout, setTimeout } from "node:timers";
import { MemoryError } from "../memory-error.ts";
import type { AbortableOptions } from "./abortable.ts";
import { abortError, throwIfAborted } from "./numbers.ts";
import { maxTimerMs } from "./sleep.ts";

export interface TimeoutOptions extends AbortableOptions {
  /** How long the work may take. Without it only the signal ends the wait. More than 24 days count as 24 days. */
  readonly timeoutMs?: number | undefined;
  /** What is thrown when the time is over; a `timeout` with `outcome` when left out. */
  readonly timeoutError?: (() => Error) | undefined;
}

/**
 * Runs the work and waits for it, but no longer than the timeout and the signal allow, even when the work obeys
 * neither. The signal that the work gets fires after the caller's promise was rejected: the caller gets `aborted` or
 * `timeout`, and not what the work throws in response.
 *
 * @throws `aborted`, before the work is started when the signal had fired already; `timeout`; what the work throws.
 */
export async function withTimeout<Result>(
  work: (signal: AbortSignal) => Promise<Result>,
  { signal, outcome, timeoutMs, timeoutError }: TimeoutOptions,
): Promise<Result> {
  throwIfAborted(signal);
  const end = new AbortController();
  const ended = Promise.withResolvers<never>();
  // Work that fires the signal and then throws at once leaves nobody to wait for this.
  ended.promise.catch(() => undefined);
  const stop = (error: Error, reason: unknown): void => {
    ended.reject(error);
    end.abort(reason);
  };
  const onAbort = (): void => {
    if (signal !== undefined) stop(abortError(signal, outcome), signal.reason);
  };
  const onTimeout = (): void => {
    const error = timeoutError?.() ?? timeoutAfter(timeoutMs, outcome);
    stop(error, error);
  };
  const timer = timeoutMs === undefined ? undefined : setTimeout(onTimeout, Math.min(timeoutMs, maxTimerMs));
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([ended.promise, work(end.signal)]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}

function timeoutAfter(timeoutMs: number | undefined, outcome: AbortableOptions["outcome"]): MemoryError {
  return new MemoryError("timeout", `There was no answer within ${timeoutMs} ms.`, {
    outcome: outcome ?? "not-applied",
  });
}
