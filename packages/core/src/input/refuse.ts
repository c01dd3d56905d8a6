import type { JsonValue } from "../json.ts";
import { MemoryError } from "../memory-error.ts";
import { printable } from "../printable.ts";

/** The error for input that can never be accepted, with the field it stands in and what to do instead. */
export function refuse(
  field: string,
  problem: string,
  details?: { readonly [name: string]: JsonValue },
  cause?: unknown,
): MemoryError {
  const name = printable(field);
  return new MemoryError("invalid-input", `${name} ${problem}`, {
    details: { field: name, ...details },
    cause,
  });
}

/** The error for input that passes a configured limit; `remedy` is a sentence for where the name does not say enough. */
export function tooLarge(
  field: string,
  limitName: string,
  limit: number,
  actual?: number,
  remedy?: string,
): MemoryError {
  const name = printable(field);
  const size = actual === undefined ? "more" : `${actual}`;
  const problem = `${name} passes the limit ${limitName} of ${limit}: it has ${size}.`;
  return new MemoryError("too-large", remedy === undefined ? problem : `${problem} ${remedy}`, {
    details: { field: name, limit: limitName, maximum: limit, ...(actual === undefined ? {} : { actual }) },
  });
}

/** A caller's own text as an error message may repeat it: its first 64 characters, harmless to logs and terminals. */
export function shown(text: string): string {
  // A cut must not leave half of a surrogate pair.
  return printable(text.slice(0, 64).replace(text.length > 64 ? /[\ud800-\udbff]$/ : /$^/, ""));
}
