import type { Message } from "@relevo/core";
import { createMemory } from "@relevo/memory";
import { createMemoryStore } from "@relevo/store-memory";
import { describe, expect, test } from "vitest";
import { compose, summarize, tokenBudget, window } from "../src/index.ts";

/** One system message a turn, as programs write that tell the model the time or what was recalled. */
function turns(count: number): Message[] {
  return Array.from({ length: count }, (_, n): Message[] => [
    { role: "system", content: `It is now turn ${n}, and the rules are what they were before.` },
    { role: "user", content: `Question ${n}` },
    { role: "assistant", content: `Answer ${n}` },
  ]).flat();
}

const texts = (messages: readonly Message[]): readonly string[] =>
  messages.map(({ content }) => String(content));

describe("pins in plain arrays", () => {
  const messages = turns(10);

  test("what the function says decides, also about system messages", async () => {
    const none = await window({ turns: 2, low: 2 }).apply(messages, { pinned: () => false });
    // The system's message before the turn stands between two turns and stays with neither.
    expect(texts(none.messages).filter((text) => text.startsWith("It is"))).toEqual([
      expect.stringContaining("turn 9,"),
    ]);
    const first = await window({ turns: 2, low: 2 }).apply(messages, { pinned: (_, index) => index === 0 });
    expect(first.seqs.slice(0, 2)).toEqual([1, 28]);
  });

  test("system messages are pinned where it says nothing", async () => {
    const all = await window({ turns: 2, low: 2 }).apply(messages);
    const undecided = await window({ turns: 2, low: 2 }).apply(messages, { pinned: () => undefined });
    expect(undecided.seqs).toEqual(all.seqs);
    expect(all.seqs.slice(0, 10)).toEqual([1, 4, 7, 10, 13, 16, 19, 22, 25, 28]);
    const answers = await window({ turns: 1, low: 1 }).apply(messages, {
      pinned: ({ role }, index) => (role === "system" ? undefined : index === 2),
    });
    expect(answers.seqs).toContain(3);
    expect(answers.seqs).toContain(1);
  });
});

describe("a system message a turn", () => {
  test("fills a budget in the end, and the error says what to do", async () => {
    await expect(tokenBudget({ maxTokens: 400 }).apply(turns(100))).rejects.toMatchObject({
      code: "budget-exceeded",
      message: expect.stringMatching(
        /System messages take \d+: set systemMessages, or append .* pinned: false\.$/,
      ),
    });
  });

  test("the first and the newest stay, the others go with their turns", async () => {
    const view = await tokenBudget({ maxTokens: 400, systemMessages: 3 }).apply(turns(100));
    expect(view.tokens).toBeLessThanOrEqual(400);
    expect(view.seqs.slice(0, 1)).toEqual([1]);
    expect(view.seqs).toContain(295);
    expect(view.seqs).toContain(298);
    expect(view.seqs).not.toContain(4);
    expect(view.dropped).toEqual([expect.objectContaining({ from: 2, reason: "budget" })]);
    const one = await tokenBudget({ maxTokens: 400, systemMessages: 1 }).apply(turns(100));
    expect(one.seqs[0]).toBe(1);
  });

  test("in a session, behind a summary, and with pins of its own", async () => {
    await using store = createMemoryStore();
    const view = compose(
      summarize({
        trigger: { messages: 60 },
        keep: { messages: 30 },
        summarizer: { name: "short", summarize: async () => "They talked." },
      }),
      tokenBudget({ maxTokens: 500, systemMessages: 2 }),
    );
    const session = createMemory({ store, view }).tenant("acme").session("s");
    await session.append([
      { type: "message", body: { role: "user", content: "Never forget me." }, pinned: true },
    ]);
    await session.append(turns(100));
    const { messages, tokens, seqs, summarized, dropped } = await session.view();
    expect(tokens).toBeLessThanOrEqual(500);
    expect(texts(messages)).toContain("Never forget me.");
    expect(seqs[0]).toBe(2);
    const gone = [...summarized, ...dropped].reduce((sum, { from, to }) => sum + to - from + 1, 0);
    expect(gone + seqs.filter((seq) => seq !== undefined && seq <= 301).length).toBeGreaterThanOrEqual(301);
  });

  test("is not asked for less than one", () => {
    expect(() => tokenBudget({ maxTokens: 400, systemMessages: 0 })).toThrowError(
      expect.objectContaining({ code: "invalid-input" }),
    );
  });
});
