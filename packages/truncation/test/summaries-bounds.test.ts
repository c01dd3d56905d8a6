import { createManualClock, type Message, type SummaryRequest } from "@relevo/core";
import { createMemory } from "@relevo/memory";
import { createMemoryStore } from "@relevo/store-memory";
import { describe, expect, test } from "vitest";
import { modelSummarizer, summarize, summaryPrompt } from "../src/index.ts";
import { estimateTokens } from "../src/tokens/estimate-tokens.ts";

const screenshot = "iVBORw0KGgo0".repeat(25_000);

function say(n: number): Message {
  return { role: n % 2 === 0 ? "user" : "assistant", content: `Message ${n} of the conversation.` };
}

/** A user's question and an agent that looks at its screen. */
const looks: readonly Message[] = Array.from({ length: 60 }, (_, n): readonly Message[] => [
  { role: "user", content: `Look again, ${n}.` },
  {
    role: "assistant",
    content: [{ type: "tool-call", toolCallId: `c${n}`, toolName: "look", input: {} }],
  },
  {
    role: "tool",
    content: [
      {
        type: "tool-result",
        toolCallId: `c${n}`,
        toolName: "look",
        output: [{ type: "image", data: screenshot, mimeType: "image/png" }],
      },
    ],
  },
]).flat();

function sizeOf(prompt: ReturnType<typeof summaryPrompt>): number {
  return prompt.reduce((sum, { content }) => sum + estimateTokens(content), 0);
}

describe("the prompt of a summary", () => {
  test("describes images in results and quotes none of them", () => {
    const prompt = summaryPrompt({ messages: looks, maxTokens: 500 });
    expect(prompt[1].content).not.toContain("iVBORw0KGgo");
    expect(prompt[1].content.match(/\[image\/png, 225 kB\]/g)).toHaveLength(60);
    expect(sizeOf(prompt)).toBeLessThan(8_000);
  });

  const long = "The contract ends in March, and nobody has signed the new one. ".repeat(400);
  test.each<[string, SummaryRequest]>([
    [
      "long messages",
      { messages: Array.from({ length: 100 }, () => ({ role: "user", content: long })), maxTokens: 500 },
    ],
    ["many messages", { messages: Array.from({ length: 30_000 }, (_, n) => say(n)), maxTokens: 500 }],
    [
      "a message of many calls",
      {
        messages: [
          {
            role: "assistant",
            content: Array.from({ length: 20_000 }, (_, n) => ({
              type: "tool-call",
              toolCallId: `c${n}`,
              toolName: "find",
              input: { query: long.slice(0, 2_000) },
            })),
          },
        ],
        maxTokens: 500,
      },
    ],
    ["a long summary before", { messages: [say(0)], previous: long.repeat(30), maxTokens: 500 }],
    [
      "a script of many tokens",
      { messages: [{ role: "user", content: "𞤀𞤲𞤣𞤮".repeat(50_000) }], maxTokens: 500 },
    ],
  ])("is bounded for %s", (_name, request) => {
    for (const maxPromptTokens of [1_000, 4_000, 32_000]) {
      const prompt = summaryPrompt(request, { maxPromptTokens });
      expect(sizeOf(prompt)).toBeLessThanOrEqual(maxPromptTokens);
      expect(prompt[1].content).toMatch(/left out|leftOut/);
    }
  });

  test("keeps the start and the end, and numbers that say what is between", () => {
    const messages = Array.from({ length: 30_000 }, (_, n) => say(n));
    const { content } = summaryPrompt({ messages, maxTokens: 500 }, { maxPromptTokens: 2_000 })[1];
    expect(content).toContain('"Message 0 of');
    expect(content).toContain('"Message 29999 of');
    expect(content).toMatch(/\{"leftOut":"\d+ messages"\}/);
  });

  test("has a least size", () => {
    expect(() => summaryPrompt({ messages: [], maxTokens: 1 }, { maxPromptTokens: 999 })).toThrowError(
      expect.objectContaining({ code: "invalid-input" }),
    );
    expect(() =>
      modelSummarizer({ name: "m", call: async () => "x", maxPromptTokens: Number.NaN }),
    ).toThrowError(expect.objectContaining({ code: "invalid-input" }));
  });
});

test("what one call of the summarizer sees is bounded in tokens", async () => {
  const seen: number[] = [];
  const summarizer = {
    name: "spy",
    async summarize({ messages }: SummaryRequest) {
      seen.push(messages.reduce((sum, { content }) => sum + String(content).length, 0));
      return "They talked.";
    },
  };
  const text = "word ".repeat(1_000);
  const messages = Array.from({ length: 30 }, (_, n): Message => ({ ...say(n), content: text }));
  await summarize({
    trigger: { messages: 4 },
    keep: { messages: 2 },
    summarizer,
    chunkTokens: 4_000,
  }).apply(messages);
  expect(seen.length).toBeGreaterThan(5);
  for (const characters of seen) expect(characters).toBeLessThanOrEqual(4 * text.length);
});

describe("a summarizer that fails", () => {
  async function fixture(failing: () => boolean) {
    let calls = 0;
    const clock = createManualClock();
    const summarizer = modelSummarizer({
      name: "m",
      call: async () => {
        calls += 1;
        if (failing())
          throw new TypeError("fetch failed", { cause: new Error("connect ECONNREFUSED 127.0.0.1:1") });
        return "They talked.";
      },
    });
    const view = summarize({ trigger: { messages: 10 }, keep: { messages: 4 }, summarizer, clock });
    const memory = createMemory({ store: createMemoryStore(), view });
    const sessionNamed = async (id: string) => {
      const session = memory.tenant("acme").session(id);
      await session.append(Array.from({ length: 20 }, (_, n) => say(n)));
      return session;
    };
    return { clock, sessionNamed, calls: () => calls };
  }

  test("is not asked again by every view, and its cause is told", async () => {
    let down = true;
    const { clock, sessionNamed, calls } = await fixture(() => down);
    const session = await sessionNamed("one");
    const told = "The summarizer m failed: fetch failed: connect ECONNREFUSED 127.0.0.1:1";
    expect((await session.view()).notices).toEqual([
      `summarize: m failed: ${told}; the messages stay as they are.`,
    ]);
    for (let again = 0; again < 5; again++) {
      const { notices, messages } = await session.view();
      expect(messages).toHaveLength(20);
      expect(notices).toEqual([
        `summarize: m failed: ${told} (not asked again for 10 s); the messages stay as they are.`,
      ]);
    }
    expect(calls()).toBe(1);
    // Another session does not pay for it.
    await (await sessionNamed("two")).view();
    expect(calls()).toBe(2);
    clock.advance(10_000);
    await session.view();
    expect(calls()).toBe(3);
    clock.advance(10_000);
    await session.view();
    expect(calls()).toBe(3);
    down = false;
    clock.advance(10_000);
    const view = await session.view();
    expect(calls()).toBe(4);
    expect(view.notices).toBeUndefined();
    expect(view.summarized).not.toEqual([]);
  });

  const unreadable = new Error("x");
  Object.defineProperty(unreadable, "message", {
    get() {
      throw new Error("trap");
    },
  });
  const refused = new Error("connect ECONNREFUSED ::1:11434");
  test.each<[string, unknown, string]>([
    ["nothing", undefined, "an error without a message"],
    ["a text", "boom", "boom"],
    ["an object with a message", { message: "overloaded", status: 529 }, "overloaded"],
    ["what cannot be a text", Object.create(null), "an error without a message"],
    ["an error that cannot be read", unreadable, "an error without a message"],
    [
      "several errors at once",
      new TypeError("fetch failed", { cause: new AggregateError([refused, new Error("other")]) }),
      "fetch failed: AggregateError: connect ECONNREFUSED ::1:11434",
    ],
  ])("with %s leaves the messages", async (_name, thrown, told) => {
    const summarizer = {
      name: "m",
      summarize: async (): Promise<string> => {
        throw thrown;
      },
    };
    const view = summarize({ trigger: { messages: 10 }, keep: { messages: 4 }, summarizer });
    const { messages, notices } = await view.apply(Array.from({ length: 20 }, (_, n) => say(n)));
    expect(messages).toHaveLength(20);
    expect(notices).toEqual([`summarize: m failed: ${told}; the messages stay as they are.`]);
  });
});
