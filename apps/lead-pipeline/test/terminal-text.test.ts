import { describe, expect, it } from "vitest";
import { createPaint, cutTo, displayWidth, fit, oneLine } from "../src/output/terminal-text.ts";

describe("foreign text", () => {
  it.each([
    ["\u001b[31mred\u001b[0m", "red"],
    ["a\u001b]0;title\u0007b", "ab"],
    ["\u009b2Jx", "x"],
    ["one\r\ntwo\tthree\u2028four", "one two three four"],
    ["a\u202edcb\u202c", "adcb"],
    ["a\u0000\u0008b", "a b"],
    [`z${"\u0300".repeat(50)}`, "z\u0300\u0300"],
    ["\ud800x", "\ufffdx"],
    ["👨‍👩‍👧", "👨‍👩‍👧"],
    ["شركة", "\u2068شركة\u2069"],
  ])("%j is shown as %j", (text, shown) => {
    expect(oneLine(text)).toBe(shown);
  });

  it("has no control character left, whatever it was made of", () => {
    for (let code = 0; code < 0x3000; code++) {
      expect(oneLine(`a${String.fromCharCode(code)}b`)).not.toMatch(
        /[\p{Cc}\u200e\u200f\u202a-\u202e\u2066\u2067]/u,
      );
    }
  });
});

describe("columns", () => {
  it.each([
    ["abc", 3],
    ["año", 3],
    ["日本", 4],
    ["👨‍👩‍👧‍👦", 2],
    ["🇪🇸", 2],
    ["❤️", 2],
    ["e\u0301", 1],
    ["\u2068شركة\u2069", 4],
    ["", 0],
  ])("%j takes %i", (text, width) => {
    expect(displayWidth(text)).toBe(width);
  });

  it.each(["abcdefgh", "日本株式会社", "👍👍👍👍👍", "\u2068شركة الأمل\u2069", "a"])(
    "%s fits exactly",
    (text) => {
      for (const width of [3, 5, 8]) expect(displayWidth(fit(text, width))).toBe(width);
    },
  );

  it("closes an isolate that the cut left open", () => {
    expect(cutTo("\u2068شركة الأمل\u2069", 4)).toBe("\u2068شرك…\u2069");
  });
});

describe("colours", () => {
  it.each([
    [{ isTTY: true }, {}, true],
    [{ isTTY: true }, { NO_COLOR: "" }, true],
    [{ isTTY: true }, { NO_COLOR: "1" }, false],
    [{ isTTY: true }, { TERM: "dumb" }, false],
    [{}, {}, false],
  ])("%j with %j: %s", (stream, environment, painted) => {
    expect(createPaint(stream, environment)("red", "x")).toBe(painted ? "\u001b[31mx\u001b[39m" : "x");
  });
});
