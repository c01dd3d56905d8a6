import type { JsonObject, JsonValue, Where, WherePath } from "@relevo/core";
import { whereMatcher } from "@relevo/core/store";
import { check, equal } from "../../expect.ts";
import type { CaseContext, ConformanceCase } from "../../harness.ts";
import { bothHandles, caseOf, keysFound, standAlone } from "./support.ts";

/** Values that evaluators tend to treat alike although they differ. All of them under `value.a`, or in its place. */
const oddValues: readonly JsonValue[] = [
  { a: 0 },
  { a: 1 },
  { a: "1" },
  { a: true },
  { a: "true" },
  { a: false },
  { a: null },
  { a: "null" },
  {},
  { a: "" },
  { a: [] },
  { a: {} },
  { a: [1] },
  { a: ["1"] },
  { a: [null] },
  { a: [[1]] },
  { a: { b: 1 } },
  { a: { b: 1, c: "x" } },
  { a: { c: "x", b: 1 } },
  { a: { b: null } },
  { a: { b: { c: { d: "deep" } } } },
  { a: [{ b: 1 }] },
  { a: 1.5 },
  { a: -1 },
  { a: 1e21 },
  { a: 5e-324 },
  { a: 2 ** 53 },
  { a: 0.1 + 0.2 },
  { a: "10" },
  { a: "9" },
  { a: "a" },
  { a: "A" },
  { a: "ab" },
  { a: "a%b" },
  { a: "a_b" },
  { a: "a\\b" },
  { a: "it's" },
  { a: "\uff5e" },
  { a: "\u{1f600}" },
  { a: "caf\u00e9" },
  { a: "cafe\u0301" },
  { a: ["a", "ab", 1, true, null] },
  { length: 1, size: 2 },
  { constructor: "own", hasOwnProperty: "own", toString: "own" },
  { "a.b": 1, a: { "b.c": 2 } },
  { "": "empty key" },
  { $eq: 1, "0": "zero" },
  null,
  1,
  "1",
  true,
  [],
  [1, 2],
  ["a"],
  "a",
];

const pathA: WherePath = ["value", "a"];
const operands: readonly JsonValue[] = [
  ...[0, 1, "1", true, "true", false, null, "", [], {}, [1], ["1"], [null], [[1]]],
  ...[{ b: 1 }, { b: 1, c: "x" }, { b: null }, { b: { c: { d: "deep" } } }, [{ b: 1 }]],
  ...[
    1.5,
    1e21,
    5e-324,
    2 ** 53,
    0.1 + 0.2,
    0.3,
    "10",
    "9",
    "a",
    "A",
    "a%b",
    "a_b",
    "%",
    "\uff5e",
    "\u{1f600}",
  ],
  ...["caf\u00e9", "cafe\u0301", "it's", "a\\b", "none", -0],
];

/** Stores the table and asserts that every filter selects what the reference evaluator selects. */
async function agrees(context: CaseContext, filters: readonly Where[]): Promise<void> {
  const table = oddValues.map((value, index) => ({
    key: `k${String(index).padStart(2, "0")}`,
    value,
    metadata: { index, even: index % 2 === 0, ...(index % 3 === 0 ? { third: { of: String(index) } } : {}) },
  }));
  await context.store.documents.putMany(
    table.map(({ key, value, metadata }) => ({
      address: standAlone(context, key),
      value,
      metadata: metadata as JsonObject,
    })),
  );
  let selecting = 0;
  for (const [name, store] of bothHandles(context)) {
    for (const where of filters) {
      const expected = table.filter((row) => whereMatcher(where)(row)).map(({ key }) => key);
      if (expected.length > 0 && expected.length < table.length) selecting++;
      const found = await keysFound(context, store, { where });
      const values = (keys: readonly string[]): string => keys.map((key) => describe(table, key)).join(", ");
      const wrong = found.filter((key) => !expected.includes(key));
      const missed = expected.filter((key) => !found.includes(key));
      check(
        wrong.length === 0 && missed.length === 0,
        `${name}: ${JSON.stringify(where)} selects wrongly [${values(wrong)}] and misses [${values(missed)}]`,
      );
      equal(found, expected, `${name}: keys that ${JSON.stringify(where)} selects`);
    }
  }
  check(selecting * 2 >= filters.length, "too few of the filters tell documents apart");
}

function describe(
  table: readonly { readonly key: string; readonly value: JsonValue }[],
  key: string,
): string {
  return JSON.stringify(table.find((row) => row.key === key)?.value);
}

const orders = ["$gt", "$gte", "$lt", "$lte"] as const;
const bounds = [
  0,
  1,
  -1,
  1.5,
  1e21,
  5e-324,
  2 ** 53,
  0.3,
  "",
  "1",
  "10",
  "a",
  "A",
  "ab",
  "\uff5e",
  "\u{1f600}",
];
const one: Where = { path: pathA, $eq: 1 };
const text: Where = { path: pathA, $gte: "" };
const there: Where = { path: pathA, $exists: true };
const even: Where = { path: ["metadata", "even"], $eq: true };
const pieces: readonly Where[] = [one, text, there, even];

/** That `where` selects exactly what the reference evaluator of core selects. */
export const whereCases: readonly ConformanceCase[] = [
  caseOf(
    "documents",
    "where-equality",
    '$eq, $ne and $in compare JSON values: 1 is not "1", null is not missing, objects in any order, $ne holds where nothing is.',
    (context) =>
      agrees(context, [
        ...operands.flatMap((operand): Where[] => [
          { path: pathA, $eq: operand },
          { path: pathA, $ne: operand },
        ]),
        ...[null, 1, "1", true, [], [1, 2], "a"].map((operand): Where => ({ path: ["value"], $eq: operand })),
        { path: pathA, $in: [1, "a", null, [1], { c: "x", b: 1 }] },
        { path: pathA, $in: ["1", true] },
        { path: pathA, $in: [[]] },
        { path: pathA, $in: [] },
      ]),
  ),
  caseOf(
    "documents",
    "where-order",
    "$gt, $gte, $lt and $lte compare a number with a number and a string with a string by UTF-8 bytes; nothing else holds.",
    (context) =>
      agrees(context, [
        ...orders.flatMap((operator) => bounds.map((bound): Where => ({ path: pathA, [operator]: bound }))),
        { path: pathA, $gte: 1, $lt: 2 },
        { path: pathA, $gt: "1", $lt: "a" },
        { path: pathA, $gt: 0, $lt: "a" },
        { path: ["metadata", "index"], $gte: 10, $lte: 20 },
      ]),
  ),
  caseOf(
    "documents",
    "where-exists",
    "$exists tells a path that is there, null included, from one that is not.",
    (context) =>
      agrees(
        context,
        [pathA, ["value", "a", "b"], ["value", "length"], ["metadata", "third"]].flatMap((path): Where[] => [
          { path: path as unknown as WherePath, $exists: true },
          { path: path as unknown as WherePath, $exists: false },
        ]),
      ),
  ),
  caseOf(
    "documents",
    "where-contains",
    "$contains finds an equal element of an array or a part of a string, case observed, nothing normalized, no wildcards.",
    (context) =>
      agrees(context, [
        ...["a", "A", "b", "%", "_", "\\", "'", "1", "e\u0301", "\u00e9", "", 1, true, null].map(
          (operand): Where => ({ path: pathA, $contains: operand }),
        ),
        { path: ["value"], $contains: 1 },
        { path: ["value"], $contains: "a" },
      ]),
  ),
  caseOf(
    "documents",
    "where-paths",
    "A path names own keys of objects, element by element: arrays and strings are not entered, dots, dollars and inherited names mean nothing.",
    (context) => {
      const paths: readonly WherePath[] = [
        ["value", "length"],
        ["value", "size"],
        ["value", "constructor"],
        ["value", "hasOwnProperty"],
        ["value", "toString"],
        ["value", "a", "length"],
        ["value", "a", "0"],
        ["value", "0"],
        ["value", "a.b"],
        ["value", "a", "b.c"],
        ["value", "a", "b"],
        ["value", "a", "b", "c", "d"],
        ["value", "$eq"],
        ["metadata", "third", "of"],
        ["metadata", "a"],
      ];
      return agrees(
        context,
        paths
          .flatMap((path): Where[] => [
            { path, $exists: true },
            { not: { path, $exists: true } },
            { path, $eq: 1 },
            { path, $ne: 1 },
            { path, $in: ["own", "deep", "zero", 2, "a"] },
          ])
          .filter((where) => oddValues.some((value, index) => whereMatcher(where)(rowOf(value, index)))),
      );
    },
  ),
  caseOf(
    "documents",
    "where-combinations",
    "and, or and not combine filters two-valued: not is the exact rest, an empty and is everything, an empty or nothing.",
    (context) =>
      agrees(context, [
        ...pieces.flatMap((left) => [
          { not: left },
          { not: { not: left } },
          ...pieces.flatMap((right): Where[] => [
            { and: [left, { not: right }] },
            { or: [left, { not: right }] },
            { not: { and: [left, right] } },
          ]),
        ]),
        { and: [] },
        { or: [] },
        { not: { or: [] } },
        { not: { path: pathA, $gt: 0 } },
        { not: { path: pathA, $lt: "a" } },
        { not: { path: ["value", "a", "b"], $eq: null } },
        { or: [{ and: [one, even] }, { and: [text, { not: even }] }] },
      ]),
  ),
];

function rowOf(
  value: JsonValue,
  index: number,
): { readonly value: JsonValue; readonly metadata: JsonObject } {
  return { value, metadata: index % 3 === 0 ? { third: { of: String(index) } } : {} };
}
