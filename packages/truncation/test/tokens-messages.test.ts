import type { ContentPart, JsonValue, Message } from "@relevo/core";
import { describe, expect, test } from "vitest";
import {
  cachedCounter,
  countRequest,
  countToolDefinitions,
  customCounter,
  estimateCounter,
  imageTokens,
} from "../src/tokens/index.ts";

/** A token a character: what is counted can be read off the figures. */
const letters = customCounter("letters", (text) => text.length);

function tokensOf(content: Message["content"], more: Partial<Message> = {}): number {
  return letters.countMessage({ role: "user", content, ...more });
}

describe("what a message costs", () => {
  const part = (value: ContentPart): readonly ContentPart[] => [value];
  test.each<[string, Message["content"], number]>([
    ["nothing but its frame", "", 4],
    ["text", "hello", 4 + 5],
    ["text as a part", part({ type: "text", text: "hello" }), 4 + 5],
    [
      "reasoning, without what the provider keeps",
      part({ type: "reasoning", text: "hmm", native: "x".repeat(99) }),
      4 + 3,
    ],
    [
      "a call: frame, name, arguments as JSON",
      part({ type: "tool-call", toolCallId: "c".repeat(40), toolName: "find", input: { q: 1 } }),
      4 + 8 + 4 + 7,
    ],
    [
      "a result as text",
      part({ type: "tool-result", toolCallId: "c", toolName: "find", output: "none" }),
      4 + 4 + 4,
    ],
    ["a result as JSON", part({ type: "tool-result", toolCallId: "c", output: { a: [1, 2] } }), 4 + 11],
    ["an image of unknown size", part({ type: "image", data: "A".repeat(9_000) }), 4 + 765],
    ["a file elsewhere", part({ type: "file", fileId: "f", name: "a.pdf" }), 4 + 1_500 + 5],
    ["a file of text", part({ type: "file", data: "A".repeat(400), mediaType: "text/plain" }), 4 + 75],
    [
      "a large file",
      part({ type: "file", data: "A".repeat(400_000), mediaType: "application/pdf" }),
      4 + 4_500,
    ],
    ["an approval request", part({ type: "tool-approval-request", approvalId: "a", toolCallId: "c" }), 4],
    [
      "a refusal's reason",
      part({ type: "tool-approval-response", approvalId: "a", approved: false, reason: "no" }),
      4 + 2,
    ],
  ])("%s", (_name, content, tokens) => {
    expect(tokensOf(content)).toBe(tokens);
  });

  test("each result after the first is a message of its own", () => {
    const result = { type: "tool-result", toolCallId: "c", output: "ok" } as const;
    expect(tokensOf([result, result, result], { role: "tool" })).toBe(3 * (4 + 2));
  });

  test("an agent's name", () => {
    expect(tokensOf("hi", { agent: "planner" })).toBe(4 + 2 + 1 + 7);
  });

  test("sizes of images stand in the metadata, in their order", () => {
    const image = { type: "image", url: "https://pictures.example/a.png" } as const;
    const metadata = { images: [{ detail: "low" }, { width: 512, height: 512 }] };
    expect(tokensOf([image, image, image], { metadata })).toBe(4 + 85 + 255 + 765);
  });

  test("a request is its messages, its tools and the opening of the reply", () => {
    const messages: Message[] = [{ role: "user", content: "hi" }];
    const tools = [{ name: "f", description: "go", parameters: { type: "object" } }];
    expect(countToolDefinitions(letters, [])).toBe(0);
    expect(countToolDefinitions(letters, tools)).toBe(12 + 8 + 1 + 2 + 17);
    expect(countRequest(letters, { messages })).toBe(6 + 3);
    expect(countRequest(letters, { messages, tools })).toBe(6 + 40 + 3);
  });

  test("a part of an unknown size never makes the sum something else than a number", () => {
    const call = {
      type: "tool-call",
      toolCallId: "c",
      toolName: "f",
      input: undefined as unknown as JsonValue,
    } as const;
    expect(tokensOf([call])).toBe(4 + 8 + 1 + 4);
  });
});

describe("images", () => {
  test.each<[string, JsonValue | undefined, number]>([
    ["unknown", undefined, 765],
    ["low detail", { width: 4_000, height: 4_000, detail: "low" }, 85],
    ["one tile", { width: 300, height: 200 }, 255],
    ["a square of 1,024: four tiles", { width: 1_024, height: 1_024 }, 765],
    ["2,048 by 4,096: six tiles", { width: 2_048, height: 4_096 }, 1_105],
    ["a strip", { width: 100_000, height: 10 }, 85 + 4 * 170],
    ["no size at all", { width: 0, height: -5 }, 765],
    ["not even a number", { width: "1024", height: null }, 765],
    ["a list", [1, 2], 765],
  ])("%s", (_name, size, tokens) => {
    expect(imageTokens(size)).toBe(tokens);
  });
});

describe("customCounter", () => {
  test("rounds up, and refuses what is no count", () => {
    expect(customCounter("quarter", (text) => text.length / 4).countText("hello")).toBe(2);
    const broken = customCounter("broken", () => Number.NaN);
    expect(() => broken.countText("x")).toThrowError(expect.objectContaining({ code: "invalid-input" }));
    expect(() => customCounter("", () => 1)).toThrowError(expect.objectContaining({ code: "invalid-input" }));
  });
});

describe("cachedCounter", () => {
  function counting(): { readonly counter: ReturnType<typeof cachedCounter>; readonly calls: () => number } {
    let calls = 0;
    const counter = customCounter("spy", (text) => {
      calls += 1;
      return text.length;
    });
    return { counter: cachedCounter(counter), calls: () => calls };
  }
  const message: Message = { role: "user", content: "hello" };

  test("counts an object once", () => {
    const { counter, calls } = counting();
    expect([
      counter.countMessage(message),
      counter.countMessage(message),
      counter.countMessage(message),
    ]).toEqual([9, 9, 9]);
    expect(calls()).toBe(1);
    counter.countMessage({ ...message });
    expect(calls()).toBe(2);
  });

  test("a stored count wins, without counting", () => {
    const { counter, calls } = counting();
    expect(counter.countStored(message, { spy: 777, other: 1 })).toBe(777);
    expect(calls()).toBe(0);
  });

  test.each([
    undefined,
    {},
    { other: 3 },
    { spy: -1 },
    { spy: 1.5 },
    { spy: Number.NaN },
    { spy: "7" as unknown as number },
  ])("%j is no stored count", (stored) => {
    expect(counting().counter.countStored(message, stored)).toBe(9);
  });

  test("a counter's name cannot reach what objects inherit", () => {
    const counter = cachedCounter(customCounter("constructor", (text) => text.length));
    expect(counter.countStored(message, {})).toBe(9);
  });

  test("gives the counts to store, and is not wrapped twice", () => {
    const { counter, calls } = counting();
    const stored = counter.tokensFor(message);
    expect(stored).toEqual({ spy: 9 });
    expect(counter.countStored(message, stored)).toBe(9);
    expect(cachedCounter(counter)).toBe(counter);
    expect(calls()).toBe(1);
    expect(Object.keys(cachedCounter(estimateCounter()).tokensFor(message))).toEqual(["estimate-2"]);
  });
});
