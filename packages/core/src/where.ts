import type { JsonValue } from "./json.ts";

/** Where in a document: `["value", "address", "city"]`, `["metadata", "source"]`. Arrays are never entered. */
export type WherePath = readonly ["value" | "metadata", ...string[]];

/**
 * What must hold at a path; several operators must all hold. Two-valued: nothing is "unknown".
 *
 * - `$eq`, `$ne`, `$in`: equality of JSON values, 1 and 1.0 alike, keys in any order. `$ne` is exactly "not `$eq`",
 *   so it holds where the path is missing.
 * - `$gt`, `$gte`, `$lt`, `$lte`: a number with a number, or a string with a string by UTF-8 bytes. Anything else
 *   does not hold.
 * - `$exists`: whether the path exists; a `null` exists.
 * - `$contains`: an array with an element equal to the operand, or a string with the operand as a part, case
 *   observed and nothing normalized.
 *
 * An empty `$in` or `or` selects nothing, an empty `and` everything.
 */
export interface WhereCondition {
  readonly $eq?: JsonValue;
  readonly $ne?: JsonValue;
  readonly $gt?: number | string;
  readonly $gte?: number | string;
  readonly $lt?: number | string;
  readonly $lte?: number | string;
  readonly $in?: readonly JsonValue[];
  readonly $exists?: boolean;
  readonly $contains?: string | number | boolean | null;
}

/** A filter over a document's `value` and `metadata`, as data. Stores bind its parts; it never becomes code. */
export type Where =
  | ({ readonly path: WherePath } & WhereCondition)
  | { readonly and: readonly Where[] }
  | { readonly or: readonly Where[] }
  | { readonly not: Where };

/** The part of a document that a filter sees. */
export interface WhereSubject {
  readonly value: JsonValue;
  readonly metadata: JsonValue;
}

/**
 * The value at the path; `undefined` when there is none. Only own keys of objects: `["value", "length"]` finds nothing.
 */
export function valueAt(path: WherePath, subject: WhereSubject): JsonValue | undefined {
  let found: JsonValue | undefined = path[0] === "value" ? subject.value : subject.metadata;
  for (const key of path.slice(1)) {
    if (typeof found !== "object" || found === null || Array.isArray(found) || !Object.hasOwn(found, key)) {
      return undefined;
    }
    found = (found as { readonly [key: string]: JsonValue })[key];
  }
  return found;
}

/** Equality of JSON values: numbers by value, objects by their entries in any order. */
export function jsonEquals(left: JsonValue, right: JsonValue): boolean {
  if (left === right) return true;
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return false;
  if (Array.isArray(left) || Array.isArray(right)) {
    if (!Array.isArray(left) || !Array.isArray(right) || left.length !== right.length) return false;
    return left.every((item, index) => jsonEquals(item, right[index] as JsonValue));
  }
  const a = left as { readonly [key: string]: JsonValue };
  const b = right as { readonly [key: string]: JsonValue };
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && jsonEquals(a[key] as JsonValue, b[key] as JsonValue));
}
