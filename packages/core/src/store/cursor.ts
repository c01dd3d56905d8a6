import type { JsonValue } from "../json.ts";
import { MemoryError } from "../memory-error.ts";

/**
 * An opaque keyset cursor: the position of the last item that was returned, and the kind of query it belongs to.
 * It holds no tenant and grants nothing: a cursor taken elsewhere only names a place in the order.
 */
export function encodeCursor(kind: string, position: readonly JsonValue[]): string {
  return Buffer.from(JSON.stringify([kind, ...position]), "utf8").toString("base64url");
}

/** @throws `invalid-input` when the cursor is not one of this kind with this many position values. */
export function decodeCursor(kind: string, cursor: string, length: number): readonly JsonValue[] {
  const refuse = (cause?: unknown): MemoryError =>
    new MemoryError(
      "invalid-input",
      `The cursor is not one that ${kind} returned. Pass a page's cursor unchanged.`,
      { details: { field: "cursor" }, cause },
    );
  if (typeof cursor !== "string" || cursor.length > maxCursorLength) throw refuse();
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
  } catch (cause) {
    throw refuse(cause);
  }
  if (!Array.isArray(parsed) || parsed[0] !== kind || parsed.length !== length + 1) throw refuse();
  return parsed.slice(1) as JsonValue[];
}

/** As `decodeCursor`; `undefined` when no cursor was passed. */
export function admitCursor(
  kind: string,
  cursor: string | undefined,
  length: number,
): readonly JsonValue[] | undefined {
  return cursor === undefined ? undefined : decodeCursor(kind, cursor, length);
}

/**
 * A position of 2,000 bytes takes 16,000 characters when JSON escapes all of it, so a bound of 16 kB would refuse
 * cursors of stores with wider limits. Parsing 64 kB takes less than a millisecond.
 */
const maxCursorLength = 65_536;
