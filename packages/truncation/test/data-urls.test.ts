import type { Message } from "@relevo/core";
import { createMemory } from "@relevo/memory";
import { createMemoryStore } from "@relevo/store-memory";
import { describe, expect, test } from "vitest";
import { compose, describeDataUrls, estimateCounter, summarize, tokenBudget } from "../src/index.ts";

const url = `data:image/png;base64,${"iVBORw0KGgo0".repeat(25_000)}`;
const image = { type: "image", data: "iVBORw0KGgo0".repeat(25_000), mimeType: "image/png" };

const messages: Message[] = [
  { role: "user", content: `Look at ${url}, please.` },
  {
    role: "assistant",
    content: [{ type: "tool-call", toolCallId: "c", toolName: "look", input: {} }],
  },
  {
    role: "tool",
    content: [{ type: "tool-result", toolCallId: "c", toolName: "look", output: { shot: url, image } }],
  },
  { role: "assistant", content: [{ type: "text", text: "A cat." }] },
];

describe("data URLs in texts", () => {
  test("are counted as the text that they are to a provider", async () => {
    await expect(tokenBudget({ maxTokens: 2_000 }).apply(messages)).rejects.toMatchObject({
      code: "budget-exceeded",
    });
  });

  test("are described by option, and images stay", async () => {
    for (const strategy of [
      describeDataUrls(),
      compose(describeDataUrls(), tokenBudget({ maxTokens: 2_000 })),
      compose(tokenBudget({ maxTokens: 2_000 }), describeDataUrls()),
    ]) {
      const view = await strategy.apply(messages);
      expect(view.messages[0]?.content).toBe("Look at [image/png, 225 kB], please.");
      expect(view.messages[2]?.content).toMatchObject([{ output: { shot: "[image/png, 225 kB]", image } }]);
      expect(view.messages[3]).toBe(messages[3]);
      expect(view.dropped).toEqual([]);
    }
    expect(messages[0]?.content).toContain(url);
  });

  test("in a session too, whatever was counted before, and behind a summary", async () => {
    await using store = createMemoryStore();
    const view = compose(
      describeDataUrls(),
      summarize({
        trigger: { messages: 8 },
        keep: { messages: 4 },
        summarizer: { name: "short", summarize: async () => "They looked." },
      }),
      tokenBudget({ maxTokens: 2_000 }),
    );
    const session = createMemory({ store, view, counter: estimateCounter() }).tenant("acme").session("s");
    for (let turn = 0; turn < 5; turn++) await session.append(messages);
    const shown = await session.view();
    expect(shown.summarized.length).toBe(1);
    expect(JSON.stringify(shown.messages)).not.toContain("data:image");
    expect(shown.tokens).toBeLessThan(2_000);
    expect(JSON.stringify((await session.view()).messages)).toBe(JSON.stringify(shown.messages));
  });
});
