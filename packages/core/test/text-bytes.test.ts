import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { brokenText, nulText, numberBytes, textBytes } from "../src/input/text-bytes.ts";
import { character } from "./support.ts";

const sizeOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value), "utf8");

describe("textBytes", () => {
  it.each([1, 23, 24, 25, 26, 200])("measures text of %i units, whatever stands wherever in it", (length) => {
    const units = ["a", '"', "\\", "\u0001", "\b", "\v", "\r", "\u001f", "\u007f", "é", "\u2028", "\uffff"];
    for (const unit of units) {
      for (let at = 0; at < length; at++) {
        const text = "x".repeat(at) + unit + "x".repeat(length - at - 1);
        expect(textBytes(text)).toBe(sizeOf(text));
      }
    }
  });

  it("tells NUL and half a pair at every place", () => {
    for (const length of [1, 24, 25, 60]) {
      for (let at = 0; at < length; at++) {
        const around = (unit: string): string => "x".repeat(at) + unit + "y".repeat(length - at - 1);
        expect(textBytes(around("\0"))).toBe(nulText);
        expect(textBytes(around("\ud83d"))).toBe(brokenText);
        expect(textBytes(around("\ude00"))).toBe(brokenText);
        expect(textBytes(around("😀"))).toBe(sizeOf(around("😀")));
      }
    }
  });

  it("agrees with JSON.stringify on any well-formed text", () => {
    const text = fc
      .string({ unit: character, maxLength: 80 })
      .map((raw) => raw.toWellFormed().replaceAll("\0", ""));
    fc.assert(
      fc.property(text, (value) => {
        expect(textBytes(value)).toBe(sizeOf(value));
      }),
      { numRuns: 2000, seed: 7 },
    );
  });
});

describe("numberBytes", () => {
  it("agrees with JSON.stringify on both sides of each power of ten", () => {
    for (let exponent = -8; exponent <= 22; exponent++) {
      const power = 10 ** exponent;
      for (const value of [power, power - 1, power + 1, -power, power * 1.5, power * 9.999])
        expect(numberBytes(value)).toBe(sizeOf(value));
    }
  });
});
