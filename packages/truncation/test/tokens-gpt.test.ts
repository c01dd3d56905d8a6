import { MemoryError } from "@relevo/core";
import * as o200k from "gpt-tokenizer/encoding/o200k_base";
import { describe, expect, test } from "vitest";
import { corpus } from "../scripts/token-corpus.ts";
import { boundedPieces } from "../src/tokens/bounded-pieces.ts";
import { type GptEncoding, gptCounter } from "../src/tokens/gpt-counter.ts";

describe("gptCounter", () => {
  test("counts as the tokenizer does", async () => {
    const counter = await gptCounter("o200k_base");
    for (const text of corpus.flatMap(({ texts }) => texts)) {
      expect(counter.countText(text)).toBe(o200k.encode(text).length);
    }
    const long = corpus.flatMap(({ texts }) => texts).join("\n\n");
    expect(counter.countText(long)).toBe(o200k.encode(long).length);
  });

  test("names its encoding, and the two differ", async () => {
    const [large, small] = [await gptCounter("o200k_base"), await gptCounter("cl100k_base")];
    expect([large.name, small.name]).toEqual(["o200k_base", "cl100k_base"]);
    const text = "안녕하세요. 지난주에 주문한 의자가 아직 도착하지 않았습니다.";
    expect(large.countText(text)).toBeLessThan(small.countText(text));
  });

  test("takes special tokens for the text that they are", async () => {
    const counter = await gptCounter("o200k_base");
    for (const text of ["<|endoftext|>", "a <|endoftext|> b <|endofprompt|>", "<|im_start|>system"]) {
      expect(counter.countText(text)).toBeGreaterThan(4);
    }
  });

  test.each(["o200k_base", "cl100k_base"] as const)(
    "%s never throws, whatever the character",
    async (name) => {
      const { countText } = await gptCounter(name);
      for (let unit = 0; unit <= 0xffff; unit += 1) {
        expect(countText(`${String.fromCharCode(unit)}a`)).toBeGreaterThanOrEqual(1);
      }
    },
  );

  test("hands no long run to the tokenizer, whose time grows with its square", async () => {
    const runs: number[] = [];
    const counter = await gptCounter("o200k_base", {
      load: async () => ({
        countTokens(text) {
          for (const run of text.match(/[a-z]+|\p{Extended_Pictographic}+|\s+|[!?]+/gu) ?? [])
            runs.push(run.length);
          return 1;
        },
      }),
    });
    for (const run of ["a", "😀", " ", "!?", "\n"]) counter.countText(`x${run.repeat(20_000)}y`);
    expect(runs.length).toBeGreaterThan(400);
    expect(Math.max(...runs)).toBeLessThanOrEqual(256);
  });

  test("counts a megabyte of one letter, near the truth", async () => {
    const counter = await gptCounter("o200k_base");
    const exact = o200k.encode("a".repeat(2_048)).length;
    expect(counter.countText("a".repeat(2_048))).toBeGreaterThanOrEqual(exact);
    expect(counter.countText("a".repeat(2_048))).toBeLessThanOrEqual(exact + 8);
    expect(counter.countText("a".repeat(1_000_000))).toBeGreaterThan(100_000);
  });

  test("says what to install when the tokenizer is missing", async () => {
    const missing = new Error("Cannot find package 'gpt-tokenizer'");
    const error = await gptCounter("o200k_base", { load: () => Promise.reject(missing) }).catch(
      (reason) => reason,
    );
    expect(MemoryError.isInstance(error, "unsupported")).toBe(true);
    expect(error.message).toContain("npm install gpt-tokenizer");
    expect(error.cause).toBe(missing);
  });

  test.each(["p50k_base", "__proto__", "toString"])("refuses the encoding %s", async (name) => {
    await expect(gptCounter(name as GptEncoding)).rejects.toMatchObject({ code: "invalid-input" });
  });
});

describe("boundedPieces", () => {
  test("leaves a text alone that has no long run", () => {
    const text = corpus.flatMap(({ texts }) => texts).join("\n");
    expect(boundedPieces(text)).toEqual([text]);
  });

  test("cuts between characters, and loses none", () => {
    for (const text of ["😀".repeat(1_000), `a${"😀".repeat(1_000)}`, "é".repeat(999), "x".repeat(257)]) {
      const pieces = boundedPieces(text);
      expect(pieces.length).toBeGreaterThan(1);
      expect(pieces.join("")).toBe(text);
      for (const piece of pieces) expect(piece.isWellFormed()).toBe(true);
      for (const piece of pieces) expect(piece.length).toBeLessThanOrEqual(257);
    }
  });
});
