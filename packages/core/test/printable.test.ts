import { describe, expect, test } from "vitest";
import { refuse, shown } from "../src/input/refuse.ts";
import { printable } from "../src/printable.ts";

// Visible by definition, although Unicode counts them among the format characters.
const visible = new Set([
  0x600, 0x601, 0x602, 0x603, 0x604, 0x605, 0x6dd, 0x70f, 0x890, 0x891, 0x8e2, 0x110bd, 0x110cd,
]);
const harmful = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;

describe("over all of Unicode", () => {
  test("a character is kept, or is harmful alone and shown as an escape of ASCII that names it", () => {
    const wrong: string[] = [];
    for (let code = 0; code <= 0x10ffff; code++) {
      const character = String.fromCodePoint(code);
      const text = printable(`-${character}-`);
      const kept = text === `-${character}-`;
      const named = /^-(?:\\[nrt]|\\u[0-9a-f]{4}|\\u\{[0-9a-f]{5,6}\})-$/u.test(text);
      const isHarmful = harmful.test(character) && !visible.has(code);
      if (isHarmful ? !named : !kept) wrong.push(code.toString(16));
    }
    expect(wrong).toEqual([]);
  });

  test("what is left out leaves nothing harmful behind", () => {
    const wrong: string[] = [];
    for (let code = 0; code <= 0x10ffff; code++) {
      const text = printable(`-${String.fromCodePoint(code)}-`, () => "");
      if (text !== "--" && harmful.test(text) && !visible.has(code)) wrong.push(code.toString(16));
    }
    expect(wrong).toEqual([]);
  });
});

test.each([
  ["plain text, año, 日本, שלום, 👍", "plain text, año, 日本, שלום, 👍"],
  ["a\u009b2Jb", "a\\u009b2Jb"],
  ["\u001b]0;title\u0007", "\\u001b]0;title\\u0007"],
  ["one\r\ntwo\tthree", "one\\r\\ntwo\\tthree"],
  ["\u2028\u2029", "\\u2028\\u2029"],
  ["gpj.\u202eexe", "gpj.\\u202eexe"],
  ["\ud800x\udc00", "\\ud800x\\udc00"],
  ["a\u{e0041}b", "a\\u{e0041}b"],
  ["hangul\u3164filler\u115f", "hangul\\u3164filler\\u115f"],
  ["ad\u200bmin ad\u200cmin ad\u200dmin", "ad\\u200bmin ad\\u200cmin ad\\u200dmin"],
  ["a\u{e0100}\u{e0101}\u{e0102}", "a\u{e0100}\\u{e0101}\\u{e0102}"],
  ["👨‍👩‍👧‍👦 👩🏽‍🚀 🏳️‍🌈 ❤️ 1️⃣", "👨‍👩‍👧‍👦 👩🏽‍🚀 🏳️‍🌈 ❤️ 1️⃣"],
  ["می\u200cخواهم क्\u200dष", "می\u200cخواهم क्\u200dष"],
  ["\u200d\u200d👨\u200d", "\\u200d\\u200d👨\\u200d"],
])("%j is shown as %j", (text, expected) => {
  expect(printable(text)).toBe(expected);
});

test("the caller says what stands for a character", () => {
  expect(printable("a\u0000b\u{e0041}c", (character) => `<${character.length}>`)).toBe("a<1>b<2>c");
});

test("an error repeats a caller's text only so that it can be printed", () => {
  const text = "a\u009b2J\u202e\u2066\u200b\ud800";
  for (const message of [refuse(text, "is wrong.").message, shown(text)]) {
    expect(message).toContain("a\\u009b2J\\u202e\\u2066\\u200b\\ud800");
  }
});
