import type { Document, JsonValue, Where, WherePath } from "@relevo/core";
import { compareUtf8, jsonEquals } from "@relevo/core/input";
import { valueAt, whereMatcher } from "@relevo/core/store";
import type { Mutant } from "../../harness.ts";
import { filterMutant } from "./document-mutant.ts";

/** What a broken evaluator does otherwise. `undefined` leaves it to the reference. */
interface Deviation {
  readonly operator?: (name: string, found: JsonValue | undefined, operand: JsonValue) => boolean | undefined;
  readonly at?: (path: WherePath, document: Document) => JsonValue | undefined;
  readonly not?: (inner: Where, document: Document) => boolean | undefined;
}

function evaluate(where: Where, document: Document, deviation: Deviation): boolean {
  if ("and" in where) return where.and.every((part) => evaluate(part, document, deviation));
  if ("or" in where) return where.or.some((part) => evaluate(part, document, deviation));
  if ("not" in where)
    return deviation.not?.(where.not, document) ?? !evaluate(where.not, document, deviation);
  const { path, ...condition } = where;
  const found = deviation.at === undefined ? valueAt(path, document) : deviation.at(path, document);
  const subject = { value: found === undefined ? {} : { it: found }, metadata: {} };
  return Object.entries(condition).every(
    ([name, operand]) =>
      deviation.operator?.(name, found, operand as JsonValue) ??
      whereMatcher({ path: ["value", "it"], [name]: operand })(subject),
  );
}

function whereMutant(name: string, target: string, defect: string, deviation: Deviation): Mutant {
  return filterMutant(name, target, defect, "where", (document, where) =>
    evaluate(where, document, deviation),
  );
}

/** As JavaScript and many a query language read a path: names with dots, indexes, inherited members. */
function enter(value: unknown, names: readonly string[]): JsonValue | undefined {
  let found = value;
  for (const name of names) {
    if (found === undefined || found === null) return undefined;
    found = Object(found)[name];
  }
  return typeof found === "function" ? name(found) : (found as JsonValue | undefined);
}

function name(inherited: { readonly name: string }): string {
  return inherited.name;
}

const ordering: ReadonlySet<string> = new Set(["$gt", "$gte", "$lt", "$lte"]);

function holds(operator: string, order: number): boolean {
  if (order === 0) return operator.endsWith("e");
  return operator.startsWith("$g") ? order > 0 : order < 0;
}

/** Stores whose `where` selects something else than the reference evaluator. */
export const whereMutants: readonly Mutant[] = [
  whereMutant("eq-is-loose", "where-equality", "a number equals the string that shows it", {
    operator: (operator, found, operand) =>
      operator === "$eq" && typeof found !== "object" && typeof operand !== "object" && found !== undefined
        ? String(found) === String(operand)
        : undefined,
  }),
  whereMutant("null-equals-missing", "where-equality", "$eq null selects what is missing too", {
    operator: (operator, found, operand) =>
      operator === "$eq" && operand === null ? found === undefined || found === null : undefined,
  }),
  whereMutant("ne-needs-the-path", "where-equality", "$ne does not hold where the path is missing", {
    operator: (operator, found) => (operator === "$ne" && found === undefined ? false : undefined),
  }),
  whereMutant("eq-is-containment", "where-equality", "$eq with an object holds for objects that contain it", {
    operator: (operator, found, operand) =>
      operator === "$eq" && isRecord(found) && isRecord(operand)
        ? Object.entries(operand).every(
            ([key, item]) => found[key] !== undefined && jsonEquals(found[key], item),
          )
        : undefined,
  }),
  whereMutant(
    "eq-looks-at-key-order",
    "where-equality",
    "objects are compared as text, in the order of their keys",
    {
      operator: (operator, found, operand) =>
        operator === "$eq" ? JSON.stringify(found) === JSON.stringify(operand) : undefined,
    },
  ),
  whereMutant("order-as-text", "where-order", "numbers are ordered as text", {
    operator: (operator, found, operand) =>
      ordering.has(operator) && (typeof found === "number" || typeof found === "string")
        ? holds(operator, compareUtf8(String(found), String(operand)))
        : undefined,
  }),
  whereMutant("order-by-utf16", "where-order", "strings are ordered by UTF-16 units", {
    operator: (operator, found, operand) =>
      ordering.has(operator) && typeof found === "string" && typeof operand === "string"
        ? holds(operator, found === operand ? 0 : found < operand ? -1 : 1)
        : undefined,
  }),
  whereMutant("null-is-missing", "where-exists", "$exists takes a null for missing", {
    operator: (operator, found, operand) =>
      operator === "$exists" ? (found !== undefined && found !== null) === operand : undefined,
  }),
  whereMutant("contains-ignores-case", "where-contains", "$contains ignores the case of strings", {
    operator: (operator, found, operand) =>
      operator === "$contains" && typeof found === "string" && typeof operand === "string"
        ? found.toLowerCase().includes(operand.toLowerCase())
        : undefined,
  }),
  whereMutant("contains-is-like", "where-contains", "$contains takes % for any text", {
    operator: (operator, found, operand) =>
      operator === "$contains" && operand === "%" && typeof found === "string" ? true : undefined,
  }),
  whereMutant(
    "contains-scalar-is-eq",
    "where-contains",
    "$contains holds for a value that equals the operand",
    {
      operator: (operator, found, operand) =>
        operator === "$contains" && typeof found === "number" ? found === operand : undefined,
    },
  ),
  whereMutant("paths-enter-everything", "where-paths", "paths enter arrays, strings and inherited members", {
    at: (path, document) => enter(path[0] === "value" ? document.value : document.metadata, path.slice(1)),
  }),
  whereMutant("paths-split-at-dots", "where-paths", "a path element with a dot is taken for two", {
    at: (path, document) =>
      valueAt([path[0], ...path.slice(1).flatMap((element) => element.split("."))], document),
  }),
  whereMutant(
    "not-is-three-valued",
    "where-combinations",
    "not of a comparison that finds nothing does not hold",
    {
      not: (inner, document) =>
        "path" in inner && valueAt(inner.path, document) === undefined && inner.$exists === undefined
          ? false
          : undefined,
    },
  ),
  filterMutant(
    "empty-or-selects-all",
    "where-combinations",
    "an empty or selects everything",
    "where",
    (document, where) => ("or" in where && where.or.length === 0) || whereMatcher(where)(document),
  ),
];

function isRecord(value: JsonValue | undefined): value is { readonly [key: string]: JsonValue } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
