import type { SeqRange } from "@relevo/core";
import {
  normalizeRanges,
  rangesInclude,
  rangesIntersect,
  sortedInclude,
  sortedIntersect,
  sortedSubtract,
  sortedTouch,
} from "@relevo/core/input";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const range: fc.Arbitrary<SeqRange> = fc
  .tuple(fc.integer({ min: 1, max: 30 }), fc.nat(4))
  .map(([from, length]) => ({ from, to: from + length }));
const ranges = fc.array(range, { maxLength: 8 }).map((drawn) => normalizeRanges(drawn));
const numbers = Array.from({ length: 40 }, (_, n) => n + 1);
const seed = { seed: 20261126, numRuns: 2000 };

describe("ranges that are ascending and apart", () => {
  test("answer as the search through all of them does", () => {
    fc.assert(
      fc.property(ranges, ranges, range, (left, right, one) => {
        for (const seq of numbers) expect(sortedInclude(left, seq)).toBe(rangesInclude(left, seq));
        expect(sortedTouch(left, one)).toBe(rangesIntersect(left, [one]));
        expect(sortedIntersect(left, right)).toBe(rangesIntersect(left, right));
        const rest = sortedSubtract(left, right);
        for (const seq of numbers)
          expect(rangesInclude(rest, seq)).toBe(rangesInclude(left, seq) && !rangesInclude(right, seq));
      }),
      seed,
    );
  });
});
