import type { CallOptions } from "@relevo/core";

/** Only the signal of a call's options, to pass on to another call. */
export function signalOf(options: CallOptions): CallOptions {
  return { signal: options.signal };
}
