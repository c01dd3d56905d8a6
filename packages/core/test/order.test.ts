import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  countRanges,
  documentSortKey,
  normalizeRanges,
  rangesInclude,
  rangesIntersect,
  rangesOf,
} from "../src/input/index.ts";
import { compareUtf8 } from "../src/order.ts";
import { compareNamespaces, namespaceSortPrefix } from "../src/store/index.ts";
import { character } from "./support.ts";

const id = fc
  .oneof(
    fc.string({ unit: character, minLength: 1, maxLength: 6 }),
    fc.constantFrom("a", "ab", "\u0001", "\uff5e", "😀", "é"),
  )
  .map((text) => text.toWellFormed().replaceAll("\0", "") || "x");
const namespace = fc.array(id, { minLength: 1, maxLength: 4 });
const sign = Math.sign;

describe("compareUtf8", () => {
  it("orders as the bytes do", () => {
    fc.assert(
      fc.property(id, id, (a, b) => {
        expect(sign(compareUtf8(a, b))).toBe(sign(Buffer.compare(Buffer.from(a), Buffer.from(b))));
      }),
      { numRuns: 3000, seed: 7 },
    );
    expect(["😀", "\uff5e", "a", "ab"].sort(compareUtf8)).toEqual(["a", "ab", "\uff5e", "😀"]);
  });
});

describe("documentSortKey", () => {
  it("orders by namespace elements, then key", () => {
    fc.assert(
      fc.property(namespace, id, namespace, id, (ns1, key1, ns2, key2) => {
        const expected = compareNamespaces(ns1, ns2) || compareUtf8(key1, key2);
        const actual = compareUtf8(documentSortKey(ns1, key1), documentSortKey(ns2, key2));
        expect(sign(actual)).toBe(sign(expected));
      }),
      { numRuns: 3000, seed: 7 },
    );
  });

  it("begins with the prefix of a namespace exactly when the namespace does", () => {
    fc.assert(
      fc.property(namespace, id, namespace, (ns, key, prefix) => {
        const below = prefix.length <= ns.length && prefix.every((element, index) => element === ns[index]);
        expect(documentSortKey(ns, key).startsWith(namespaceSortPrefix(prefix))).toBe(below);
      }),
      { numRuns: 3000, seed: 7 },
    );
    expect(documentSortKey(["ab"], "k").startsWith(namespaceSortPrefix(["a"]))).toBe(false);
    expect(namespaceSortPrefix([])).toBe("");
  });
});

describe("ranges", () => {
  const set = fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 20 });

  it("hold exactly the numbers they were made of", () => {
    fc.assert(
      fc.property(set, (seqs) => {
        const ranges = rangesOf(seqs);
        const distinct = new Set(seqs);
        expect(countRanges(ranges)).toBe(distinct.size);
        for (let seq = 1; seq <= 31; seq++) expect(rangesInclude(ranges, seq)).toBe(distinct.has(seq));
        expect(normalizeRanges(ranges)).toEqual(ranges);
        for (const [index, range] of ranges.entries()) {
          if (index > 0) expect(range.from).toBeGreaterThan((ranges[index - 1]?.to ?? 0) + 1);
        }
      }),
      { seed: 7 },
    );
  });

  it("intersect when they share a number", () => {
    fc.assert(
      fc.property(set, set, (left, right) => {
        const shared = left.some((seq) => right.includes(seq));
        expect(rangesIntersect(rangesOf(left), rangesOf(right))).toBe(shared);
      }),
      { seed: 7 },
    );
  });
});
