import type { Outcome } from "../memory-error.ts";
import { abortError } from "./numbers.ts";

export interface AbortableOptions {
  readonly signal?: AbortSignal | undefined;
  /** What is known of the work when its caller stops waiting for it; `not-applied` when left out. */
  readonly outcome?: Exclude<Outcome, "applied"> | undefined;
}

/**
 * Settles as the promise does, unless the signal fires first: work that ignores its signal cannot block its caller. The
 * work itself continues, and a later failure of it is not an unhandled rejection. No listener is left behind.
 *
 * @throws `aborted`, also when the signal had fired before.
 */
export async function abortable<Result>(
  promise: Promise<Result>,
  { signal, outcome }: AbortableOptions,
): Promise<Result> {
  if (signal === undefined) return await promise;
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(abortError(signal, outcome));
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    // The abort comes first: when both have settled already, it wins.
    return await Promise.race([aborted.promise, promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** One signal that fires with the first of these; `undefined` when none is given. */
export function anySignal(first: AbortSignal, ...others: readonly (AbortSignal | undefined)[]): AbortSignal;
export function anySignal(...signals: readonly (AbortSignal | undefined)[]): AbortSignal | undefined;
export function anySignal(...signals: readonly (AbortSignal | undefined)[]): AbortSignal | undefined {
  const given = signals.filter((signal) => signal !== undefined);
  return given.length > 1 ? AbortSignal.any(given) : given[0];
}
