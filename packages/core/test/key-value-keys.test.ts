import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareUtf8 } from "../src/order.ts";
import {
  afterKey,
  afterPrefix,
  decodeKey,
  encodeKey,
  type KeyPart,
} from "../src/store/key-value/space/encode-key.ts";

const seed = 11;
const text = fc.string({
  unit: fc.oneof(
    fc.constantFrom("\0", "\u0001", "a", "\u00ff", "～", "😀"),
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 1 }),
  ),
  maxLength: 6,
});
const number = fc.oneof(
  fc.maxSafeInteger(),
  fc.constantFrom(0, 1, -1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 2 ** 32, 2 ** 32 - 1),
);
const parts = fc.array(fc.oneof(text, number), { maxLength: 4 });

/** The order that keys promise: element by element, texts before numbers, a list before those that it begins. */
function compareParts(left: readonly KeyPart[], right: readonly KeyPart[]): number {
  for (const [index, one] of left.entries()) {
    const other = right[index];
    if (other === undefined) return 1;
    const order = compareElements(one, other);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

function compareElements(one: KeyPart, other: KeyPart): number {
  if (typeof one === "string") return typeof other === "string" ? compareUtf8(one, other) : -1;
  return typeof other === "string" ? 1 : one - other;
}

describe("keys of a key-value space", () => {
  it("have the order of their elements", () => {
    fc.assert(
      fc.property(parts, parts, (left, right) => {
        const order = Buffer.compare(encodeKey(...left), encodeKey(...right));
        expect(Math.sign(order)).toBe(Math.sign(compareParts(left, right)));
      }),
      { seed, numRuns: 2000 },
    );
  });

  it("give their elements back", () => {
    fc.assert(
      fc.property(parts, (list) => {
        expect(decodeKey(encodeKey(...list))).toEqual(list.map((part) => (part === 0 ? 0 : part)));
      }),
      { seed, numRuns: 2000 },
    );
  });

  it("lie between a prefix and what comes after it exactly when they begin with it", () => {
    fc.assert(
      fc.property(parts, parts, (prefix, list) => {
        fc.pre(prefix.length > 0);
        const from = encodeKey(...prefix);
        const key = encodeKey(...list);
        const begins = Buffer.compare(key.subarray(0, from.length), from) === 0;
        const inside = Buffer.compare(key, from) >= 0 && Buffer.compare(key, afterPrefix(from)) < 0;
        expect(inside).toBe(begins);
        expect(Buffer.compare(afterKey(key), key)).toBe(1);
      }),
      { seed, numRuns: 2000 },
    );
  });
});
