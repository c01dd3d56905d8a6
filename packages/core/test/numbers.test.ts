import { describe, expect, it } from "vitest";
import { defaultLimits } from "../src/index.ts";
import {
  admitChoice,
  admitInteger,
  admitLimit,
  admitNullableTtl,
  admitRanges,
  admitTime,
  admitTtl,
} from "../src/input/index.ts";
import { admitFind, encodeCursor } from "../src/store/index.ts";
import { thrown } from "./support.ts";

describe("whole numbers", () => {
  it("are taken within their bounds, -0 as 0", () => {
    expect(admitInteger(Number.MAX_SAFE_INTEGER, "n", 0)).toBe(Number.MAX_SAFE_INTEGER);
    expect(Object.is(admitInteger(-0, "n", 0), 0)).toBe(true);
    for (const bad of [2 ** 53, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, "1", 1n, null, undefined, [1]])
      expect(thrown(() => admitInteger(bad, "n", 0), "invalid-input").details.field).toBe("n");
  });
});

describe("times", () => {
  it("are those that a Date can hold", () => {
    for (const time of [8.64e15, -8.64e15, 0])
      expect(new Date(admitTime(time, "at") ?? 0).getTime()).toBe(time);
    for (const bad of [8.64e15 + 1, -8.64e15 - 1, 1.5, "2026-01-01", new Date(0), null])
      thrown(() => admitTime(bad, "at"), "invalid-input");
    expect(admitTime(undefined, "at")).toBeUndefined();
  });

  it("stay exact when the longest lifetime is added to them", () => {
    const century = 100 * 366 * 24 * 3600 * 1000;
    expect(admitTtl(century)).toBe(century);
    expect(Number.isSafeInteger(8.64e15 + century)).toBe(true);
    for (const bad of [0, -1, century + 1, 0.1, Number.MAX_SAFE_INTEGER, null, "1"])
      expect(thrown(() => admitTtl(bad), "invalid-input").details.field).toBe("ttlMs");
    expect([admitNullableTtl(null), admitNullableTtl(undefined), admitNullableTtl(1)]).toEqual([
      null,
      undefined,
      1,
    ]);
    thrown(() => admitNullableTtl(0), "invalid-input");
  });
});

describe("admitLimit", () => {
  it("is 1 to 1,000, and 100 when left out", () => {
    expect([admitLimit(undefined), admitLimit(1), admitLimit(1000)]).toEqual([100, 1, 1000]);
    for (const bad of [0, 1001, null, "10"]) thrown(() => admitLimit(bad), "invalid-input");
  });
});

describe("admitRanges", () => {
  it("takes up to 1,000, copied and frozen", () => {
    const input = Array.from({ length: 1000 }, () => ({ from: 1, to: Number.MAX_SAFE_INTEGER, more: 1 }));
    const ranges = admitRanges(input, "seqs");
    expect(ranges[999]).toStrictEqual({ from: 1, to: Number.MAX_SAFE_INTEGER });
    expect(Object.isFrozen(ranges) && Object.isFrozen(ranges[0])).toBe(true);
    thrown(() => admitRanges([...input, { from: 1, to: 1 }], "seqs"), "invalid-input");
  });

  it.each([
    ["no array", { from: 1, to: 2 }, "seqs"],
    ["null", [null], "seqs[0]"],
    ["from 0", [{ from: 0, to: 2 }], "seqs[0].from"],
    [
      "to before from",
      [
        { from: 1, to: 1 },
        { from: 3, to: 2 },
      ],
      "seqs[1].to",
    ],
    ["no end", [{ from: 1 }], "seqs[0].to"],
    ["for ever", [{ from: 1, to: Number.POSITIVE_INFINITY }], "seqs[0].to"],
  ])("refuses %s", (_what, input, field) => {
    expect(thrown(() => admitRanges(input, "seqs"), "invalid-input").details.field).toBe(field);
  });
});

describe("admitChoice", () => {
  it("takes one of the choices, or the fallback for undefined", () => {
    expect(admitChoice(undefined, "c", ["a", "b"], "b")).toBe("b");
    for (const bad of ["c", null, ["a"], "toString"])
      thrown(() => admitChoice(bad, "c", ["a", "b"], "b"), "invalid-input");
  });
});

describe("cursors of the largest addresses", () => {
  it("come back, also when JSON escapes all of them", () => {
    const namespace = Array.from({ length: 16 }, () => "\u0001".repeat(60));
    const key = "\u0001".repeat(1024);
    const cursor = encodeCursor("documents", [namespace, key]);
    expect(cursor.length).toBeGreaterThan(15_000);
    expect(admitFind({ tenant: "t" }, { cursor }, defaultLimits).after).toEqual({ namespace, key });
  });
});
