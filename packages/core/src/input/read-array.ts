import type { MemoryError } from "../memory-error.ts";
import { isArray, unreadable } from "./fields.ts";
import { refuse, tooLarge } from "./refuse.ts";

/**
 * A plain copy of an array. Its length and each of its elements are read once and by index: an iterator could be
 * endless, and a length that is asked for twice could be another one the second time.
 *
 * @throws `invalid-input` for what is not an array, has a length that is no count, or throws when it is read;
 *   for more than `maximum` elements `too-large`, or `invalid-input` where no limit is named.
 */
export function readArray(
  input: unknown,
  field: string,
  expected: string,
  maximum: number,
  limitName?: string,
): unknown[] {
  if (!isArray(input, field)) throw refuse(field, `must be ${expected}.`);
  try {
    const length: unknown = input.length;
    if (!isLength(length)) throw refuse(field, notLength);
    if (length > maximum) throw tooMany(field, expected, maximum, limitName, length);
    const copy: unknown[] = [];
    for (let index = 0; index < length; index++) copy.push(input[index]);
    return copy;
  } catch (cause) {
    throw unreadable(field, cause);
  }
}

/**
 * Whether this is the length of an array. A proxy may answer with anything: NaN would pass every comparison with a
 * limit, and make the sum of the sizes NaN for good.
 */
export function isLength(length: unknown): length is number {
  return typeof length === "number" && Number.isSafeInteger(length) && length >= 0;
}

export const notLength = "has a length that is not a whole number from 0.";

function tooMany(
  field: string,
  expected: string,
  maximum: number,
  limitName: string | undefined,
  length: number,
): MemoryError {
  return limitName === undefined
    ? refuse(field, `must be ${expected}, at most ${maximum} of them.`)
    : tooLarge(field, limitName, maximum, length);
}
