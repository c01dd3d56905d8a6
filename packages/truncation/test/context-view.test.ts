import { createMemory, renderContext } from "@relevo/memory";
import { providers, validateForProvider } from "@relevo/messages";
import { assistant, call, conversation, result, system, tool, user } from "@relevo/random-conversations";
import { createMemoryStore } from "@relevo/store-memory";
import fc from "fast-check";
import { expect, it } from "vitest";
import { compose, customCounter, estimateCounter, summarize, tokenBudget, window } from "../src/index.ts";
import { recordingSummarizer, turns } from "./support/summarizers.ts";

const characters = customCounter("characters", (text) => text.length);
const strategies = [
  window({ messages: 6 }),
  tokenBudget({ maxTokens: 2000, counter: characters }),
  compose(
    summarize({ trigger: { messages: 8 }, keep: { messages: 3 }, summarizer: recordingSummarizer() }),
    tokenBudget({ maxTokens: 4000 }),
  ),
];

it("a context of any conversation is within its tokens and valid for all providers, or budget-exceeded", async () => {
  const seen = { shown: 0, cut: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(
      fc.array(conversation, { minLength: 1, maxLength: 4 }),
      fc.constantFrom(...strategies),
      fc.integer({ min: 300, max: 6000 }),
      fc.boolean(),
      async (said, view, maxTokens, counts) => {
        await using store = createMemoryStore({ sweepIntervalMs: 0 });
        const acme = createMemory({ store, view, ...(counts ? { counter: characters } : {}) }).tenant("acme");
        const session = acme.session("chat", { subject: "ana" });
        await session.append([system("Be brief."), user("Hello."), ...said.flat()]);
        await acme.agent("clerk").remember("tone", "warm");
        await session.working.remember("step", 3);
        const context = await acme.context({ session, agent: "clerk", maxTokens }).catch((error) => {
          if (error.code !== "budget-exceeded") throw error;
          seen.refused++;
        });
        if (context === undefined) return;
        const { budget } = context;
        const { messages, text } = renderContext(context);
        expect(budget?.tokens).toBeLessThanOrEqual(maxTokens);
        expect(counts ? text.length : Math.ceil(Buffer.byteLength(text) / 3)).toBeLessThanOrEqual(
          budget?.tokens ?? 0,
        );
        for (const provider of providers) expect(validateForProvider(messages, provider)).toEqual([]);
        expect(budget?.parts["volatile.messages"].leftOut).toEqual(context.view?.dropped);
        seen.shown++;
        if (context.view?.compacted) seen.cut++;
      },
    ),
    { numRuns: 150 },
  );
  for (const times of Object.values(seen)) expect(times).toBeGreaterThan(0);
});

it("groups of tools are cut whole by the bound of a context, and a call that is open is closed", async () => {
  await using store = createMemoryStore({ sweepIntervalMs: 0 });
  const acme = createMemory({ store, view: window({ messages: 100 }) }).tenant("acme");
  const session = acme.session("chat");
  await session.append([system("Be brief."), user("Find all.")]);
  for (let step = 0; step < 30; step++)
    await session.append([assistant(call(`c${step}`)), tool(result(`c${step}`, "x".repeat(100)))]);
  await session.append(assistant(call("open")));
  const { volatile, view } = await acme.context({ session, maxTokens: 1500 });
  expect(volatile.messages.slice(0, 2)).toMatchObject([{ role: "system" }, { content: "Find all." }]);
  expect(volatile.messages.at(-1)?.role).toBe("tool");
  expect(view?.dropped).toMatchObject([{ from: 3, reason: "budget" }]);
  for (const provider of providers) expect(validateForProvider(volatile.messages, provider)).toEqual([]);
});

it("a view within an allowance is a budget of its own, also of an array, and refuses invalid ones", async () => {
  const said = turns(1, 50);
  const counter = estimateCounter();
  const within = { maxTokens: 100, counter };
  const view = await window({ messages: 40, low: 40 }).apply(said, { within });
  expect(view.tokens).toBeLessThanOrEqual(100);
  expect(view.dropped).toEqual([
    { from: 1, to: 60, reason: "window" },
    expect.objectContaining({ from: 61, reason: "budget" }),
  ]);
  expect((await tokenBudget({ maxTokens: 50 }).apply(said, { within })).tokens).toBeLessThanOrEqual(50);
  await using store = createMemoryStore({ sweepIntervalMs: 0 });
  const session = createMemory({ store, view: window({ messages: 40 }) })
    .tenant("acme")
    .session("chat");
  await session.append(said);
  expect((await session.view({ within })).messages).toEqual(
    (await session.view({ strategy: compose(window({ messages: 40 }), tokenBudget(within)) })).messages,
  );
  for (const wrong of [5, { maxTokens: 0 }, { maxTokens: 5, counter: {} }, { tokens: 5 }]) {
    const code = { code: "invalid-input" };
    await expect(session.view({ within: wrong as never })).rejects.toMatchObject(code);
    await expect(window({ messages: 4 }).apply(said, { within: wrong as never })).rejects.toMatchObject(code);
  }
});
