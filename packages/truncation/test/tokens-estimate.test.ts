import { describe, expect, test } from "vitest";
import { measureTokenError } from "../scripts/measure-token-error.ts";
import { measureTokenFloor } from "../scripts/measure-token-floor.ts";
import { estimateCounter } from "../src/tokens/estimate-counter.ts";
import { estimateTokens } from "../src/tokens/estimate-tokens.ts";
import { customCounter, gptCounter } from "../src/tokens/index.ts";

describe("estimateCounter", () => {
  test("stays within the error that it states, in each kind of text", async () => {
    const errors = measureTokenError(estimateCounter(), await gptCounter("o200k_base"));
    const bounds: Record<string, number> = {
      English: 0.1,
      Spanish: 0.15,
      code: 0.25,
      JSON: 0.15,
      emoji: 0.35,
      "tool messages": 0.15,
    };
    for (const [section, bound] of Object.entries(bounds)) {
      const row = errors.find((candidate) => candidate.section === section);
      expect(row?.samples, section).toBeGreaterThanOrEqual(4);
      expect(row?.worst, section).toBeLessThan(bound);
    }
    expect(errors.find(({ section }) => section === "all")?.median).toBeLessThan(0.1);
    // Scripts of which the older vocabulary knows little are priced for it.
    const older = measureTokenError(estimateCounter(), await gptCounter("cl100k_base"));
    expect(older.find(({ section }) => section === "CJK")?.worst).toBeLessThan(0.25);
  });

  test("is never below two thirds of the larger vocabulary, for any script and any signs", async () => {
    const truths = [await gptCounter("o200k_base"), await gptCounter("cl100k_base")];
    const floors = measureTokenFloor(estimateCounter(), truths, { seed: 20261126, samples: 1 });
    expect(floors.length).toBeGreaterThan(700);
    expect(floors.filter(({ worst }) => worst < 2 / 3)).toEqual([]);
  });

  test.each([
    ["Amharic", "በኢትዮጵያ ውስጥ የሚኖሩ ሰዎች ብዙ ቋንቋዎችን ይናገራሉ እና አማርኛ የሥራ ቋንቋ ነው። ".repeat(20)],
    ["Georgian", "საქართველოს დედაქალაქი თბილისია და მოსახლეობა დაახლოებით მილიონია. ".repeat(20)],
    ["box drawing", "┌──┬──┐│ab│cd│├──┼──┤└──┴──┘".repeat(30)],
    ["mathematics", "∀x∈ℝ: ⌈x⌉ = −⌊−x⌋ ∧ ∑ᵢ aᵢ ≤ ∏ bⱼ ⇒ ∃y ∉ ∅. ".repeat(20)],
    ["random letters", "xkqzj wplmt vbnhg qtrzx kjhgf zxcvb ".repeat(20)],
    ["an alphabet of signs", "!@#$%^&*()_+-=[]{}|;':,.<>?/~` ".repeat(20)],
  ])("%s", async (_name, text) => {
    for (const encoding of ["o200k_base", "cl100k_base"] as const) {
      const truth = (await gptCounter(encoding)).countText(text);
      expect(estimateTokens(text) / truth).toBeGreaterThan(2 / 3);
    }
  });

  test("is at least twice as close as a fourth of the length", async () => {
    const truth = await gptCounter("cl100k_base");
    const quarter = customCounter("quarter", (text) => text.length / 4);
    const [ours, theirs] = [estimateCounter(), quarter].map((counter) =>
      measureTokenError(counter, truth).find(({ section }) => section === "all"),
    );
    expect(ours?.median).toBeLessThan((theirs?.median ?? 0) / 2);
    expect(ours?.worst).toBeLessThan((theirs?.worst ?? 0) / 2);
  });

  test.each([
    ["nothing", "", 0],
    ["one word", "hello", 1],
    ["three digits are one token", "123", 1],
    ["four are two", "1234", 2],
    ["one space belongs to the word behind it", "a a a", 3],
    ["a question", "Where is my order?", 5],
  ])("%s", (_name, text, tokens) => {
    expect(estimateTokens(text)).toBe(tokens);
  });

  test("knows that accented words make their neighbours dearer", () => {
    const plain = "las reuniones importantes comienzan temprano";
    expect(estimateTokens(`${plain} ¿verdad?`)).toBeGreaterThan(estimateTokens(`${plain} verdad?`) + 2);
  });

  test("spells out capitals and words without vowels", () => {
    expect(estimateTokens("XKQZJWPLMT")).toBeGreaterThanOrEqual(3);
    expect(estimateTokens("xkqzjwplmt")).toBeGreaterThanOrEqual(4);
    expect(estimateTokens("strawberry")).toBeLessThanOrEqual(2);
  });

  test("grows in step with a repeated text, so it reads it once", () => {
    const text = "Order 4711 arrives on Tuesday. ¿Y el resto? 你好 🎉\n";
    const one = estimateTokens(text.repeat(100));
    expect(estimateTokens(text.repeat(1000)) / one).toBeCloseTo(10, 1);
  });

  test.each([
    ["one letter", "a".repeat(1_000_000)],
    ["spaces", " ".repeat(1_000_000)],
    ["signs", "<".repeat(1_000_000)],
    ["capitals", "Aa".repeat(500_000)],
    ["apostrophes", "a'".repeat(500_000)],
    ["lone surrogates", "\ud83d".repeat(1_000_000)],
    ["flags", "🇲🇽".repeat(250_000)],
  ])("ends on a megabyte of %s", (_name, text) => {
    expect(estimateTokens(text)).toBeGreaterThan(10_000);
  });

  test("never throws, whatever the character", () => {
    for (let unit = 0; unit <= 0xffff; unit += 1) {
      expect(estimateTokens(String.fromCharCode(unit))).toBeGreaterThanOrEqual(1);
    }
  });
});
