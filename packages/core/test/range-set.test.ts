import fc from "fast-check";
import { expect, it } from "vitest";
import { createRangeSet, normalizeRanges } from "../src/input/index.ts";

const range = fc
  .tuple(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 0, max: 20 }))
  .map(([from, length]) => ({ from, to: from + length }));

it("a set of ranges answers as a set of numbers does", () => {
  fc.assert(
    fc.property(fc.array(fc.array(range, { maxLength: 8 }), { maxLength: 40 }), range, (added, asked) => {
      const set = createRangeSet();
      const numbers = new Set<number>();
      for (const some of added) {
        const ranges = normalizeRanges(some);
        const each = ranges.flatMap(({ from, to }) =>
          Array.from({ length: to - from + 1 }, (_, n) => from + n),
        );
        expect(set.intersects(ranges)).toBe(each.some((one) => numbers.has(one)));
        set.add(ranges);
        for (const one of each) numbers.add(one);
      }
      for (let one = asked.from; one <= asked.to; one++) expect(set.includes(one)).toBe(numbers.has(one));
    }),
  );
});
