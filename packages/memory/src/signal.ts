import type { CallOptions } from "@relevo/core";

/**
 * The signal of a call's options, to spread into another call's; `{}` without one, so that it overrides no other
 * signal.
 */
export function signalOf(options: CallOptions): CallOptions {
  return options.signal === undefined ? {} : { signal: options.signal };
}

/** A signal that fires when all of these have, and never when one is left out. `release` lets go of them. */
export function whenAllAbort(signals: readonly (AbortSignal | undefined)[]): {
  readonly signal: AbortSignal | undefined;
  release(): void;
} {
  const given = signals.filter((signal) => signal !== undefined);
  if (given.length < signals.length || given.length === 1)
    return { signal: given.length === signals.length ? given[0] : undefined, release() {} };
  const all = new AbortController();
  let waiting = given.length;
  const onAbort = (): void => {
    waiting--;
    if (waiting === 0) all.abort(given[0]?.reason);
  };
  for (const signal of given) {
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  }
  const release = (): void => {
    for (const signal of given) signal.removeEventListener("abort", onAbort);
  };
  return { signal: all.signal, release };
}
