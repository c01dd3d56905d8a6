import type { CallOptions } from "@relevo/core";

/** Only the signal of a call's options, to pass on to another call; without one nothing, so that it takes no other away. */
export function signalOf(options: CallOptions): CallOptions {
  return options.signal === undefined ? {} : { signal: options.signal };
}
