import { describe, expect, it } from "vitest";
import { defaultLimits, type Where } from "../src/index.ts";
import { admitWhere, jsonEquals, resolveLimits } from "../src/input/index.ts";
import { searchableText, whereMatcher } from "../src/store/index.ts";
import { thrown } from "./support.ts";

const subject = {
  value: {
    n: 1,
    s: "abc",
    nul: null,
    list: [1, "two", { a: 1 }],
    deep: { city: "Málaga" },
    constructor: "mine",
    emoji: "😀",
  },
  metadata: { source: "web" },
};
const holds = (condition: object, ...path: string[]): boolean =>
  whereMatcher({ path: ["value", ...path], ...condition } as Where)(subject);

describe("whereMatcher", () => {
  it.each([
    [{ $eq: 1 }, ["n"], true],
    [{ $eq: "1" }, ["n"], false],
    [{ $eq: null }, ["nul"], true],
    [{ $eq: null }, ["missing"], false],
    [{ $ne: 1 }, ["missing"], true],
    [{ $ne: 1 }, ["n"], false],
    [{ $eq: [1, "two", { a: 1 }] }, ["list"], true],
    [{ $eq: [1, "two"] }, ["list"], false],
    [{ $in: [2, 1] }, ["n"], true],
    [{ $in: [] }, ["n"], false],
    [{ $in: [null] }, ["missing"], false],
    [{ $gt: 0 }, ["n"], true],
    [{ $gt: "0" }, ["n"], false],
    [{ $gte: 1, $lte: 1 }, ["n"], true],
    [{ $lt: 1 }, ["n"], false],
    [{ $lt: 5 }, ["missing"], false],
    [{ $gt: 0 }, ["nul"], false],
    [{ $gt: "abb" }, ["s"], true],
    [{ $gt: "\uff5e" }, ["emoji"], true],
    [{ $exists: true }, ["nul"], true],
    [{ $exists: false }, ["missing"], true],
    [{ $exists: true }, ["s", "length"], false],
    [{ $exists: true }, ["list", "0"], false],
    [{ $exists: true }, ["hasOwnProperty"], false],
    [{ $eq: "mine" }, ["constructor"], true],
    [{ $eq: "Málaga" }, ["deep", "city"], true],
    [{ $contains: "two" }, ["list"], true],
    [{ $contains: "tw" }, ["list"], false],
    [{ $contains: "bc" }, ["s"], true],
    [{ $contains: "BC" }, ["s"], false],
    [{ $contains: 1 }, ["n"], false],
    [{ $eq: 1, $gt: 5 }, ["n"], false],
  ])("%j at %j is %s", (condition, path, expected) => expect(holds(condition, ...path)).toBe(expected));

  it("knows two values: not turns each answer round", () => {
    const missing: Where = { path: ["value", "missing"], $gt: 5 };
    expect([whereMatcher(missing)(subject), whereMatcher({ not: missing })(subject)]).toEqual([false, true]);
    expect(whereMatcher({ and: [] })(subject)).toBe(true);
    expect(whereMatcher({ or: [] })(subject)).toBe(false);
    expect(whereMatcher({ path: ["metadata", "source"], $eq: "web" })(subject)).toBe(true);
  });
});

describe("admitWhere", () => {
  it.each([
    {},
    [],
    "x",
    { path: ["value"] },
    { path: ["other", "a"], $eq: 1 },
    { path: "value.a", $eq: 1 },
    { path: ["value", ""], $eq: 1 },
    { path: ["value", "a"], $where: "1" },
    { path: ["value", "a"], $regex: "a" },
    { path: ["value", "a"], $gt: { $ne: 1 } },
    { path: ["value", "a"], $gt: null },
    { path: ["value", "a"], $in: 1 },
    { path: ["value", "a"], $exists: "yes" },
    { path: ["value", "a"], $contains: [1] },
    { and: [], or: [] },
    { and: {} },
    { not: [] },
    { nor: [] },
    { and: [{ path: ["value", "a"] }] },
  ])("refuses %j", (where) => void thrown(() => admitWhere(where, defaultLimits), "invalid-input"));

  it("copies what it admits, and bounds it", () => {
    const where = {
      or: [{ path: ["value", "a"], $in: [1] }, { not: { path: ["metadata", "b"], $exists: true } }],
    };
    const admitted = admitWhere(where, defaultLimits);
    expect(admitted).toEqual(where);
    expect(admitted).not.toBe(where);
    expect(admitWhere(undefined, defaultLimits)).toBeUndefined();
    const wide = { and: Array.from({ length: 5 }, () => ({ path: ["value", "a"], $eq: 1 })) };
    expect(thrown(() => admitWhere(wide, resolveLimits({ whereNodes: 5 })), "too-large").details.limit).toBe(
      "whereNodes",
    );
  });
});

describe("jsonEquals", () => {
  it("compares by value, keys in any order", () => {
    expect(jsonEquals({ a: 1, b: [1] }, { b: [1], a: 1.0 })).toBe(true);
    expect(jsonEquals({ a: 1 }, { a: 1, b: 1 })).toBe(false);
    expect(jsonEquals([], {})).toBe(false);
    expect(jsonEquals(null, {})).toBe(false);
    expect(jsonEquals({ toString: 1 }, {})).toBe(false);
  });
});

describe("searchableText", () => {
  it("has every string in lower case, and no key", () => {
    expect(searchableText({ Key: "ÁRBOL", list: ["Two", 3, null, { x: "Z" }] })).toBe("árbol\ntwo\nz");
  });
});
