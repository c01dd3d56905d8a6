import { createMemory, type Session } from "@relevo/memory";
import { assistant, call, result, tool, user } from "@relevo/random-conversations";
import { createMemoryStore } from "@relevo/store-memory";
import { describe, expect, it } from "vitest";
import {
  compose,
  describeDataUrls,
  extractiveSummarizer,
  type Strategy,
  summarize,
  tokenBudget,
  window,
} from "../src/index.ts";
import { turns } from "./support/summarizers.ts";

function fixture(): { readonly session: Session; readonly reads: { calls: number; events: number } } {
  const store = createMemoryStore({ sweepIntervalMs: 0 });
  const reads = { calls: 0, events: 0 };
  const counted = Object.create(store.log, {
    read: {
      value: async (...args: Parameters<typeof store.log.read>) => {
        const page = await store.log.read(...args);
        reads.calls += 1;
        reads.events += page.events.length;
        return page;
      },
    },
  }) as typeof store.log;
  const memory = createMemory({
    store: { ...store, limits: store.limits, log: counted, documents: store.documents },
  });
  return { session: memory.tenant("acme").session("chat"), reads };
}

const summarized = summarize({
  trigger: { messages: 60 },
  keep: { messages: 30 },
  summarizer: extractiveSummarizer(),
});

/** A long history: rules and a pinned fact at its start, an old summary, and `newest` as its last messages. */
async function fill(session: Session, newest: Parameters<Session["append"]>[0]): Promise<void> {
  await session.append([
    { role: "system", content: "rules" },
    { type: "message", body: user("I am allergic to nuts"), pinned: true },
    ...turns(1, 50),
  ]);
  await session.view({ strategy: summarized });
  for (let batch = 0; batch < 10; batch++) await session.append(turns(100 * batch, 100 * batch + 99));
  await session.append(newest);
}

const workTurn = [
  user("look it up"),
  assistant("I will search.", call("c1")),
  tool(result("c1")),
  assistant(call("c2")),
  tool(result("c2")),
  assistant("Found."),
];
const strategies: readonly [Strategy, mostEvents: number][] = [
  [window({ messages: 2 }), 24],
  [window({ messages: 20 }), 32],
  [window({ messages: 100 }), 125],
  [window({ turns: 10 }), 42],
  [tokenBudget({ maxTokens: 200 }), 64],
  [tokenBudget({ maxTokens: 200, systemMessages: 1 }), 64],
  [compose(window({ messages: 20 }), tokenBudget({ maxTokens: 100_000 })), 32],
  [compose(describeDataUrls(), window({ messages: 20 })), 32],
];

describe("a view of a long history with old pins and an old summary is one read", () => {
  it.each(strategies.map(([strategy, most]) => [strategy.name, strategy, most] as const))(
    "%s",
    async (_name, strategy, most) => {
      for (const newest of [turns(1, 8), [...workTurn, ...turns(1, 3), ...workTurn]]) {
        const { session, reads } = fixture();
        await fill(session, newest);
        reads.calls = 0;
        reads.events = 0;
        const view = await session.view({ strategy });
        expect(view.messages.map(({ content }) => content)).toEqual(
          expect.arrayContaining(["rules", "I am allergic to nuts"]),
        );
        expect(view.compacted).toBe(true);
        expect(reads).toEqual({ calls: 1, events: most });
      }
    },
  );

  it("with a summary in force above it too, at each length up to the next summary", async () => {
    const { session, reads } = fixture();
    await fill(session, turns(1, 1));
    await session.view({ strategy: summarized });
    const calls: number[] = [];
    for (let turn = 0; turn < 60; turn++) {
      await session.append(turns(turn, turn));
      reads.calls = 0;
      await session.view({ strategy: summarized });
      calls.push(reads.calls);
    }
    // A view that makes a summary reads the log again as it is with it.
    expect(calls.filter((count) => count !== 1)).toEqual(calls.filter((count) => count === 2));
    expect(calls.filter((count) => count === 2).length).toBeLessThan(60 / 15 + 1);
    expect(calls.filter((count) => count === 2).length).toBeGreaterThan(0);
  });

  it.each([
    ["without a strategy", undefined],
    ["describeDataUrls alone", describeDataUrls()],
  ])("%s, up to a thousand messages", async (_name, strategy) => {
    const { session, reads } = fixture();
    await session.append(turns(1, 499));
    const { messages } = await session.view(strategy === undefined ? {} : { strategy });
    expect([messages.length, reads.calls]).toEqual([998, 1]);
  });
});

it("a strategy of one's own says how much the first read brings, and is refused what is no count", async () => {
  const { session, reads } = fixture();
  await fill(session, turns(1, 8));
  const { view } = window({ messages: 2 });
  reads.events = 0;
  await session.view({ strategy: { name: "own", view, reads: { messages: 7 } } });
  // The window still asks for what it needs.
  expect([reads.calls > 0, reads.events]).toEqual([true, 7 + 17]);
  for (const messages of [0, 1001, 1.5, Number.NaN])
    await expect(session.view({ strategy: { name: "own", view, reads: { messages } } })).rejects.toThrow(
      "strategy.reads.messages",
    );
});
