import { describe, expect, it } from "vitest";
import { createPaint, createScreen } from "../src/output/screen.ts";
import { layoutOf } from "../src/output/table-layout.ts";
import { cutTo, displayWidth, fit, oneLine, wrap } from "../src/output/terminal-text.ts";
import { makeLead } from "./leads.ts";

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

  it("has nothing left that a terminal obeys or a reader cannot see, over all of Unicode", () => {
    const wrong: string[] = [];
    for (let code = 0; code <= 0x10ffff; code++) {
      const shown = oneLine(`-${String.fromCodePoint(code)}-`).replace(/^\u2068|\u2069$/g, "");
      // The Arabic number signs are format characters that are seen.
      const visible = shown.replace(/[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u{110bd}\u{110cd}]/gu, "");
      if (/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u.test(visible))
        wrong.push(code.toString(16));
    }
    expect(wrong).toEqual([]);
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

describe("wrapping", () => {
  it.each([
    ["one two three four", 9, ["one two", "  three", "  four"]],
    ["one two three four five six seven", 9, ["one two", "  three", "  four f…"]],
    ["verylongwordwithoutspaces", 10, ["verylongwo", "  rdwithou", "  tspaces"]],
    ["日本株式会社日本株式会社", 10, ["日本株式会", "  社日本株", "  式会社"]],
    ["  └ verylongword", 8, ["  └ very", "  longwo", "  rd"]],
    ["short", 80, ["short"]],
    ["anything at all", Number.POSITIVE_INFINITY, ["anything at all"]],
  ])("%s in %i columns", (text, width, lines) => {
    expect(wrap(text, width, "  ", 3).split("\n")).toEqual(lines);
  });

  it("never is wider, whatever the text", () => {
    const texts = [
      "a b ".repeat(50),
      "👨‍👩‍👧‍👦 日本 ".repeat(20),
      "\u2068شركة الأمل للتجارة\u2069",
      "x".repeat(300),
    ];
    for (const text of texts) {
      for (let width = 4; width < 60; width++) {
        for (const line of wrap(text, width, "  ", 4).split("\n")) {
          expect(displayWidth(line), `${text} in ${width}`).toBeLessThanOrEqual(width);
        }
      }
    }
  });
});

describe("the width of the screen", () => {
  it.each([
    [{ isTTY: true, columns: 72 }, {}, 72],
    [{ isTTY: true, columns: 72 }, { COLUMNS: "50" }, 50],
    [{ isTTY: true, columns: 72 }, { COLUMNS: "wide" }, 72],
    [{ isTTY: true, columns: 0 }, {}, 80],
    [{ isTTY: true, columns: 3 }, {}, 20],
    [{}, { COLUMNS: "90" }, 90],
    [{}, {}, Number.POSITIVE_INFINITY],
  ])("%j with %j: %d", (stream, environment, columns) => {
    expect(createScreen(stream, environment).columns).toBe(columns);
  });

  it("is kept by the table, which leaves out what does not fit", () => {
    const leads = [
      makeLead({ id: "a".repeat(60), company: "日本株式会社".repeat(9) }),
      makeLead({ id: "b" }),
    ];
    for (let columns = 20; columns < 160; columns++) {
      const { widths } = layoutOf(leads, columns);
      const total = [...widths.values()].reduce((sum, width) => sum + width + 1, -1);
      expect(total, `${columns}`).toBeLessThanOrEqual(columns);
      expect(widths.has("lead") && widths.has("outcome")).toBe(true);
    }
    expect([...layoutOf(leads, 120).widths.keys()]).toEqual(
      "lead company outcome score agents time".split(" "),
    );
    expect(layoutOf(leads, 80).widths.has("agents")).toBe(false);
    expect(layoutOf(leads, 80).widths.has("time")).toBe(true);
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
