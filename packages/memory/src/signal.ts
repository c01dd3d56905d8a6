import type { CallOptions } from "@relevo/core";

/**
 * The signal of a call's options, to spread into another call's; `{}` without one, so that it overrides no other
 * signal.
 */
export function signalOf(options: CallOptions): CallOptions {
  return options.signal === undefined ? {} : { signal: options.signal };
}
