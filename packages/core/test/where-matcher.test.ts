import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JsonValue, Where, WhereSubject } from "../src/index.ts";
import { jsonEquals } from "../src/input/index.ts";
import { compareUtf8 } from "../src/order.ts";
import { valueAt, whereMatcher } from "../src/store/index.ts";
import { createTextSearch } from "../src/store/text-search.ts";

/** What a filter means, condition by condition, with no regard to time. */
function meets(where: Where, subject: WhereSubject): boolean {
  if ("and" in where) return where.and.every((part) => meets(part, subject));
  if ("or" in where) return where.or.some((part) => meets(part, subject));
  if ("not" in where) return !meets(where.not, subject);
  const { path, ...conditions } = where;
  const found = valueAt(path, subject);
  return Object.entries(conditions).every(([name, operand]) => holds(name, found, operand as JsonValue));
}

function holds(name: string, found: JsonValue | undefined, operand: JsonValue): boolean {
  const order = (): number => {
    if (typeof found === "number" && typeof operand === "number") return found - operand;
    if (typeof found === "string" && typeof operand === "string") return compareUtf8(found, operand);
    return Number.NaN;
  };
  if (name === "$exists") return (found !== undefined) === operand;
  if (name === "$ne") return found === undefined || !jsonEquals(found, operand);
  if (found === undefined) return false;
  if (name === "$eq") return jsonEquals(found, operand);
  if (name === "$in") return (operand as readonly JsonValue[]).some((item) => jsonEquals(found, item));
  if (name === "$gt") return order() > 0;
  if (name === "$gte") return order() >= 0;
  if (name === "$lt") return order() < 0;
  if (name === "$lte") return order() <= 0;
  if (typeof found === "string") return typeof operand === "string" && found.includes(operand);
  return Array.isArray(found) && found.some((item: JsonValue) => jsonEquals(item, operand));
}

const scalar = fc.oneof(
  fc.constantFrom<JsonValue>(0, 1, -1, 1.5, "", "a", "ab", "b", "abab", "é", "😀", true, false, null),
  fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 6 }),
);
const { value } = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    scalar,
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom("a", "b", "1"), tie("value"), { maxKeys: 3 }),
  ),
}));
const condition = fc.oneof(
  fc.record({ $eq: value }),
  fc.record({ $ne: value }),
  fc.record({ $in: fc.array(value, { maxLength: 6 }) }),
  fc.record({ $contains: scalar, $exists: fc.constant(true) }),
  fc.record({ $exists: fc.boolean() }),
  fc.record({ $gt: fc.constantFrom<number | string>(0, 1, "a", "ab") }),
  fc.record({
    $gte: fc.constantFrom<number | string>(0, "a"),
    $lt: fc.constantFrom<number | string>(2, "b"),
  }),
  fc.record({ $lte: fc.constantFrom<number | string>(0, 1, "a", "ab") }),
);
const leaf = fc
  .tuple(
    fc.constantFrom("value", "metadata"),
    fc.array(fc.constantFrom("a", "b"), { maxLength: 2 }),
    condition,
  )
  .map(([root, steps, conditions]) => ({ path: [root, ...steps], ...conditions }) as Where);
const { where } = fc.letrec<{ where: Where }>((tie) => ({
  where: fc.oneof(
    { maxDepth: 3 },
    leaf,
    fc.record({ and: fc.array(tie("where"), { maxLength: 8 }) }),
    fc.record({ or: fc.array(tie("where"), { maxLength: 8 }) }),
    fc.record({ not: tie("where") }),
  ),
}));

describe("whereMatcher", () => {
  it("selects what the conditions say one by one, document after document", () => {
    const subjects = fc.array(fc.record({ value, metadata: value }), { minLength: 1, maxLength: 5 });
    let [selected, left] = [0, 0];
    fc.assert(
      fc.property(where, subjects, (filter, documents) => {
        const matches = whereMatcher(filter);
        for (const document of documents) {
          const expected = meets(filter, document);
          expect(matches(document)).toBe(expected);
          if (expected) selected++;
          else left++;
        }
      }),
      { numRuns: 5000, seed: 17 },
    );
    expect(Math.min(selected, left)).toBeGreaterThan(1000);
  });

  it("looks at each element of an array once, whatever number of conditions names it", () => {
    let reads = 0;
    const items = new Proxy(
      Array.from({ length: 10_000 }, (_, index) => index),
      {
        get: (target, key) => {
          reads++;
          return Reflect.get(target, key);
        },
      },
    );
    const contains = (value: number): Where => ({ path: ["value", "it"], $contains: value });
    const all = whereMatcher({ and: Array.from({ length: 250 }, (_, index) => contains(index * 40)) });
    expect(all({ value: { it: items }, metadata: {} })).toBe(true);
    expect(reads).toBeLessThan(25_000);
    const none = whereMatcher({ or: Array.from({ length: 250 }, (_, index) => contains(-1 - index)) });
    reads = 0;
    expect(none({ value: { it: items }, metadata: {} })).toBe(false);
    expect(reads).toBeLessThan(25_000);
  });

  it("looks no further into a value than the longest operand reaches", () => {
    let reads = 0;
    const deep = (levels: number): JsonValue =>
      levels === 0
        ? 1
        : new Proxy<{ readonly [key: string]: JsonValue }>(
            { a: deep(levels - 1), b: levels },
            {
              get: (target, key) => {
                reads++;
                return Reflect.get(target, key);
              },
            },
          );
    const operands = Array.from({ length: 5000 }, (_, index) => ({ a: { a: { a: index } } }));
    const matches = whereMatcher({ path: ["value"], $in: operands });
    expect(matches({ value: deep(200), metadata: {} })).toBe(false);
    expect(reads).toBeLessThan(50);
  });
});

describe("createTextSearch", () => {
  it("finds what includes finds", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "b", "é", "😀"), maxLength: 60 });
    const pattern = fc.string({ unit: fc.constantFrom("a", "b", "é", "😀"), maxLength: 5 });
    fc.assert(
      fc.property(
        fc.array(pattern, { maxLength: 40 }),
        fc.array(text, { minLength: 1 }),
        (patterns, texts) => {
          const search = createTextSearch(patterns);
          for (const one of texts) {
            const expected = new Set(patterns.filter((each) => one.includes(each)));
            expect(search.containedIn(one)).toEqual(expected);
          }
        },
      ),
      { numRuns: 2000, seed: 17 },
    );
  });

  it("takes patterns that are all of the alphabet, and patterns that end in each other", () => {
    const nested = Array.from({ length: 250 }, (_, index) => "a".repeat(index));
    expect(createTextSearch(nested).containedIn("a".repeat(300)).size).toBe(250);
    expect(createTextSearch(nested).containedIn(`${"a".repeat(10)}b`).size).toBe(11);
    const units = Array.from({ length: 60_000 }, (_, index) => String.fromCharCode(index));
    expect(createTextSearch(units).containedIn("xyz").size).toBe(3);
  });
});
