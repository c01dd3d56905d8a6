import type { JsonValue } from "../json.ts";
import { MemoryError } from "../memory-error.ts";

/** The error for input that can never be accepted, with the field it stands in and what to do instead. */
export function refuse(
  field: string,
  problem: string,
  details?: { readonly [name: string]: JsonValue },
): MemoryError {
  return new MemoryError("invalid-input", `${field} ${problem}`, { details: { field, ...details } });
}

/** The error for input that passes a configured limit. */
export function tooLarge(field: string, limitName: string, limit: number, actual?: number): MemoryError {
  const size = actual === undefined ? "more" : `${actual}`;
  return new MemoryError("too-large", `${field} passes the limit ${limitName} of ${limit}: it has ${size}.`, {
    details: { field, limit: limitName, maximum: limit, ...(actual === undefined ? {} : { actual }) },
  });
}
