import type { JsonValue } from "./json.ts";
import { compareUtf8 } from "./order.ts";

/** Where in a document: `["value", "address", "city"]`, `["metadata", "source"]`. Arrays are never entered. */
export type WherePath = readonly ["value" | "metadata", ...string[]];

/**
 * What must hold at a path; several operators must all hold. Two-valued: nothing is "unknown".
 *
 * - `$eq`, `$ne`, `$in`: equality of JSON values, 1 and 1.0 alike, keys in any order. `$ne` is exactly "not `$eq`",
 *   so it holds where the path is missing.
 * - `$gt`, `$gte`, `$lt`, `$lte`: a number with a number, or a string with a string by UTF-8 bytes. Anything else
 *   does not hold.
 * - `$exists`: whether the path is there; a `null` is there.
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

/** The reference evaluator: every store must select what this selects. */
export function matchesWhere(where: Where, subject: WhereSubject): boolean {
  if ("and" in where) return where.and.every((part) => matchesWhere(part, subject));
  if ("or" in where) return where.or.some((part) => matchesWhere(part, subject));
  if ("not" in where) return !matchesWhere(where.not, subject);
  return matchesCondition(where, valueAt(where.path, subject));
}

function matchesCondition(condition: WhereCondition, found: JsonValue | undefined): boolean {
  for (const [operator, operand] of Object.entries(condition)) {
    if (operator === "path" || operand === undefined) continue;
    if (!operators[operator as keyof WhereCondition](found, operand as JsonValue)) return false;
  }
  return true;
}

const operators = {
  $eq: (found, operand) => found !== undefined && jsonEquals(found, operand),
  $ne: (found, operand) => found === undefined || !jsonEquals(found, operand),
  $gt: (found, operand) => ordered(found, operand, (order) => order > 0),
  $gte: (found, operand) => ordered(found, operand, (order) => order >= 0),
  $lt: (found, operand) => ordered(found, operand, (order) => order < 0),
  $lte: (found, operand) => ordered(found, operand, (order) => order <= 0),
  $in: (found, operand) =>
    found !== undefined && Array.isArray(operand) && operand.some((item) => jsonEquals(found, item)),
  $exists: (found, operand) => (found !== undefined) === operand,
  $contains: (found, operand) => {
    if (Array.isArray(found)) return found.some((item) => jsonEquals(item, operand));
    return typeof found === "string" && typeof operand === "string" && found.includes(operand);
  },
} as const satisfies {
  [Operator in keyof WhereCondition]-?: (found: JsonValue | undefined, operand: JsonValue) => boolean;
};

/** The operators, for validation and for stores that translate them. */
export const whereOperators: readonly (keyof WhereCondition)[] = Object.freeze(
  Object.keys(operators) as (keyof WhereCondition)[],
);

/** What stands at the path, `undefined` for nothing. Only own keys of objects: `["value", "length"]` finds none. */
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

function ordered(
  found: JsonValue | undefined,
  operand: JsonValue,
  test: (order: number) => boolean,
): boolean {
  if (typeof found === "number" && typeof operand === "number") return test(found - operand);
  if (typeof found === "string" && typeof operand === "string") return test(compareUtf8(found, operand));
  return false;
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
