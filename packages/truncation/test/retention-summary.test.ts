import { createManualClock, type Summarizer } from "@relevo/core";
import { createMemory } from "@relevo/memory";
import { createMemoryStore } from "@relevo/store-memory";
import { expect, it } from "vitest";
import { compose, summarize, tokenBudget, window } from "../src/index.ts";

/** Says what it was given, so that nothing can be lost unseen. */
function teller(): Summarizer & { calls: number } {
  return {
    name: "teller",
    calls: 0,
    async summarize({ messages, previous }) {
      this.calls++;
      return [...(previous === undefined ? [] : [previous]), ...messages.map(({ content }) => content)].join(
        " ",
      );
    },
  };
}

function longSession() {
  const clock = createManualClock();
  const summarizer = teller();
  const memory = createMemory({ store: createMemoryStore({ clock, sweepIntervalMs: 0 }), clock, summarizer });
  const acme = memory.tenant("acme");
  const session = acme.session("long");
  const say = (from: number, to: number) =>
    session.append(
      Array.from({ length: to - from + 1 }, (_, index) => ({
        role: "user" as const,
        content: `m${from + index}`,
      })),
    );
  return { acme, session, summarizer, say };
}

const lead = "Summary of the conversation so far:\n";

it("every strategy shows the summary of what retention has removed, and continues it", async () => {
  const { acme, session, summarizer, say } = longSession();
  await say(1, 8);
  await acme.retention([{ events: { keep: 4 }, action: "summarize" }]).apply();
  const shown = [`${lead}m1 m2 m3 m4`, "m5", "m6", "m7", "m8"];
  const strategies = [
    window({ messages: 10 }),
    tokenBudget({ maxTokens: 1000 }),
    compose(
      summarize({ trigger: { messages: 50 }, keep: { messages: 10 }, summarizer: teller() }),
      tokenBudget({ maxTokens: 1000 }),
    ),
  ];
  for (const strategy of strategies) {
    const view = await session.view({ strategy });
    expect(
      view.messages.map(({ content }) => content),
      strategy.name,
    ).toEqual(shown);
    expect(view.summarized, strategy.name).toEqual([{ from: 1, to: 4 }]);
  }
  const own = teller();
  await session.view({
    strategy: summarize({ trigger: { messages: 3 }, keep: { messages: 2 }, summarizer: own }),
  });
  const strategy = summarize({ trigger: { messages: 50 }, keep: { messages: 9 }, summarizer: own });
  const [first] = (await session.view({ strategy })).messages;
  expect(first?.content).toMatch(/m1 m2 m3 m4 m5/u);
  expect([own.calls, summarizer.calls]).toEqual([1, 1]);
  // It makes summaries of its own, which a view that makes none does not show.
  const plain = (await session.view({ strategy: window({ messages: 10 }) })).messages;
  expect(plain.map(({ content }) => content)).toEqual(shown);
});

it("a summary of a view that tells of what is gone is continued, and not made again", async () => {
  const { acme, session, summarizer, say } = longSession();
  await say(1, 20);
  const strategy = summarize({ trigger: { messages: 8 }, keep: { messages: 4 }, summarizer: teller() });
  await session.view({ strategy });
  await acme.retention([{ events: { keep: 15, derived: "keep" } }]).apply();
  await acme.retention([{ events: { keep: 10 }, action: "summarize" }]).apply();
  const [first, ...rest] = (await session.view()).messages.map(({ content }) => content);
  for (let index = 1; index <= 10; index++) expect(`${first} `).toContain(`m${index} `);
  expect(rest).toEqual(Array.from({ length: 10 }, (_, index) => `m${index + 11}`));
  // All of it was told by the summary of the view.
  expect(summarizer.calls).toBe(0);
});
