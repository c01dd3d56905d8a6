import { type EventInput, MemoryError, type ViewStrategy } from "@relevo/core";
import { createMemory } from "@relevo/memory";
import { conversation } from "@relevo/random-conversations";
import { createMemoryStore } from "@relevo/store-memory";
import { extractiveSummarizer, summarize, tokenBudget, window } from "@relevo/truncation";
import fc from "fast-check";
import { expect, test } from "vitest";

const strategies: Readonly<Record<string, ViewStrategy | undefined>> = {
  whole: undefined,
  window: window({ messages: 4, low: 2 }),
  budget: tokenBudget({ maxTokens: 2000 }),
  summaries: summarize({
    trigger: { messages: 6 },
    keep: { messages: 2 },
    summarizer: extractiveSummarizer({ maxSentences: 2 }),
  }),
};

test("every view that is recorded is explained word for word, whatever was said since", async () => {
  const store = createMemoryStore({ sweepIntervalMs: 0 });
  let told = 0;
  let summaries = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(conversation, { minLength: 1, maxLength: 4 }),
      fc.constantFrom(...Object.keys(strategies)),
      async (parts, name) => {
        const session = createMemory({ store }).tenant("acme").session();
        const views: { readonly seq: number; readonly messages: readonly unknown[] }[] = [];
        const strategy = strategies[name];
        for (const messages of parts) {
          const events = messages.map((body): EventInput => ({ type: "message", body }));
          if (events.length > 0) await session.append(events);
          try {
            const view = await session.view({ strategy, record: true });
            const { version } = await session.append({ role: "assistant", content: "an answer" });
            views.push({ seq: version, messages: view.messages });
          } catch (error) {
            if (!MemoryError.isInstance(error, "budget-exceeded")) throw error;
          }
        }
        await session.clear();
        for (const { seq, messages } of views) {
          const explained = await session.explain(seq);
          // The first view of a session without an event is not recorded.
          if (explained === undefined) expect(messages).toEqual([]);
          else {
            expect(explained.messages.map(({ message }) => message)).toEqual(messages);
            expect(explained.complete).toBe(true);
            told++;
            summaries += explained.messages.filter(({ kind }) => kind === "summary").length;
          }
        }
      },
    ),
    { numRuns: 60 },
  );
  expect(told).toBeGreaterThan(60);
  expect(summaries).toBeGreaterThan(0);
});
