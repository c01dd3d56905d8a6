import type { CallOptions } from "../ports/common.ts";
import { admitOptions } from "./fields.ts";
import { throwIfAborted } from "./numbers.ts";
import { callFields } from "./option-kinds.ts";

/** What a call that only takes a signal was given. */
export function admitCall(given: CallOptions | undefined): CallOptions {
  const options = admitOptions(given, callFields);
  throwIfAborted(options.signal);
  return options;
}
