import type { JsonObject, Message } from "@relevo/core";
import { MemoryError } from "@relevo/core";
import { continuation, missingResult } from "@relevo/messages";
import { assistant, call, reasoning, result, system, tool, user } from "@relevo/random-conversations";
import { describe, expect, it } from "vitest";
import {
  compose,
  customCounter,
  estimateCounter,
  type Strategy,
  summarize,
  type TokenBudgetOptions,
  tokenBudget,
  type WindowOptions,
  window,
} from "../src/index.ts";
import { roundness } from "../src/strategies/choose-cut.ts";
import { recordingSummarizer, textsOf, turns } from "./support/summarizers.ts";

/** Every message costs ten, whatever it says. */
const ten = {
  name: "ten",
  countText: (text: string) => Math.ceil(text.length / 4),
  countMessage: () => 10,
};

const exact = (messages: number): Strategy => window({ messages, low: messages });

async function failure(promise: Promise<unknown>): Promise<MemoryError> {
  const error = await promise.then(
    () => expect.unreachable("should have failed"),
    (reason: unknown) => reason,
  );
  if (!MemoryError.isInstance(error)) throw error;
  return error;
}

describe("window", () => {
  it("shows all of a short history, and nothing of none", async () => {
    expect(await window({ messages: 4 }).apply([])).toEqual({
      messages: [],
      seqs: [],
      version: 0,
      removalRevision: 0,
      compacted: false,
      dropped: [],
      summarized: [],
    });
    const history = turns(1, 2);
    const view = await window({ messages: 4 }).apply(history);
    expect(view.messages).toEqual(history);
    expect(view.compacted).toBe(false);
  });

  it("keeps the newest, with what is pinned and the system's", async () => {
    const history = [system("rules"), ...turns(1, 5)];
    const pinned = (message: Message): boolean => message.role === "system" || message.content === "q2";
    const view = await exact(4).apply(history, { pinned });
    expect(textsOf(view.messages)).toEqual(["rules", "q2", "q4", "a4", "q5", "a5"]);
    expect(view.seqs).toEqual([1, 4, 8, 9, 10, 11]);
    expect(view.dropped).toEqual([
      { from: 2, to: 3, reason: "window" },
      { from: 5, to: 7, reason: "window" },
    ]);
    expect(view.compacted).toBe(true);
  });

  it("keeps turns whole", async () => {
    const history = [...turns(1, 2), user("q3"), assistant(call("c")), tool(result("c")), assistant("a3")];
    const view = await window({ turns: 1 }).apply(history);
    expect(view.seqs).toEqual([5, 6, 7, 8]);
    expect((await window({ turns: 2, low: 2 }).apply(history)).seqs).toEqual([3, 4, 5, 6, 7, 8]);
    expect((await window({ turns: 3 }).apply(history)).compacted).toBe(false);
  });

  it("never splits calls from their results, and keeps the question before a turn that is cut", async () => {
    const steps = [1, 2, 3].flatMap((n) => [assistant(call(`c${n}`)), tool(result(`c${n}`))]);
    const view = await exact(4).apply([user("go"), ...steps]);
    expect(view.seqs).toEqual([1, 6, 7]);
    expect(view.dropped).toEqual([{ from: 2, to: 5, reason: "window" }]);
  });

  it("keeps the last group, however large it is", async () => {
    const calls = [1, 2, 3].map((n) => call(`c${n}`));
    const history = [user("go"), assistant(...calls), tool(result("c1")), tool(result("c2"), result("c3"))];
    expect((await exact(1).apply(history)).seqs).toEqual([1, 2, 3, 4]);
  });

  it("opens with a user's message where the log has none", async () => {
    const view = await exact(2).apply([assistant("welcome"), assistant("still there?"), assistant("hello?")]);
    expect(textsOf(view.messages)).toEqual([continuation, "hello?"]);
    expect(view.seqs).toEqual([undefined, 3]);
  });

  it("brings the whole group of a pinned call or result back", async () => {
    const pinned = (_message: Message, index: number): boolean => index === 2;
    const history = [user("pay"), assistant(call("c")), tool(result("c")), ...turns(1, 200)];
    expect((await exact(2).apply(history, { pinned })).seqs).toEqual([undefined, 2, 3, 402, 403]);
  });

  it("stands still for many turns, so that a provider's cache holds its begin", async () => {
    const strategy = window({ messages: 40 });
    const begins = new Set<number | undefined>();
    for (let count = 60; count <= 260; count++) {
      const { seqs } = await strategy.apply(turns(1, count));
      expect(seqs.length).toBeLessThanOrEqual(40);
      expect(seqs.length).toBeGreaterThanOrEqual(20);
      begins.add(seqs[0]);
    }
    // 400 messages more, and steps of 8 to 20.
    expect(begins.size).toBeLessThanOrEqual(50);
  });

  it("shows the same whatever was read before", async () => {
    const whole = turns(1, 300);
    const { messages } = await window({ messages: 30 }).apply(whole);
    const again = await window({ messages: 30 }).apply(whole);
    expect(again.messages).toEqual(messages);
  });
});

describe("roundness", () => {
  it("is the highest power of two in reach", () => {
    expect([roundness(0, 1), roundness(1, 3), roundness(3, 5), roundness(7, 9), roundness(8, 9)]).toEqual([
      0, 1, 2, 3, 0,
    ]);
    expect(roundness(2 ** 40 - 1, 2 ** 40)).toBe(40);
    for (const start of [1, 2 ** 31 - 300, 2 ** 31 - 100, 2 ** 32]) {
      for (let own = start; own < start + 200; own += 7) {
        for (let previous = Math.max(0, own - 70); previous <= own; previous += 3) {
          let exponent = 0;
          for (let next = 1; next < 45; next++)
            if (Math.floor(own / 2 ** next) > Math.floor(previous / 2 ** next)) exponent = next;
          expect(roundness(previous, own)).toBe(exponent);
        }
      }
    }
  });
});

describe("tokenBudget", () => {
  it("keeps what fits and counts what it shows", async () => {
    const view = await tokenBudget({ maxTokens: 50, counter: ten, low: 50 }).apply([
      system("rules"),
      ...turns(1, 9),
    ]);
    expect(textsOf(view.messages)).toEqual(["rules", "q8", "a8", "q9", "a9"]);
    expect(view).toMatchObject({ tokens: 50, stablePrefixTokens: 50 });
    expect(view.dropped).toEqual([{ from: 2, to: 15, reason: "budget" }]);
  });

  it("leaves room for the answer and for tools", async () => {
    const shown = async (reserve: TokenBudgetOptions["reserve"] & {}): Promise<number> => {
      const view = await tokenBudget({ maxTokens: 100, low: 71, counter: ten, reserve }).apply(turns(1, 9));
      return view.messages.length;
    };
    const tools = [{ name: "look", description: "looks something up" }];
    expect([await shown(0), await shown(20), await shown({ output: 20 }), await shown({ tools })]).toEqual([
      10, 8, 8, 6,
    ]);
  });

  it("counts with an estimate when no counter is given", async () => {
    const { tokens = 0, messages } = await tokenBudget({ maxTokens: 60 }).apply(turns(1, 50));
    const counter = estimateCounter();
    expect(tokens).toBe(messages.reduce((sum, message) => sum + counter.countMessage(message), 0));
    expect(tokens).toBeGreaterThan(30);
  });

  it("takes counts that were stored with the messages", async () => {
    const counter = { ...ten, countMessage: () => expect.unreachable("should not count") };
    const event = (message: Message, index: number) =>
      ({ type: "message", seq: index + 1, recordedAt: 0, body: message, tokens: { ten: 7 } }) as const;
    const events = turns(1, 3).map(event);
    const view = await tokenBudget({
      maxTokens: 100,
      counter: {
        ...counter,
        countMessage: (m) => {
          // Only what no log holds is counted.
          return m.content === continuation ? 10 : counter.countMessage();
        },
      },
    }).view({
      version: 6,
      revision: 6,
      removalRevision: 0,
      readBackward: async ({ before = 7, limit }) =>
        events
          .filter(({ seq }) => seq < before)
          .toReversed()
          .slice(0, limit),
      pinned: async () => [],
    });
    expect(view.tokens).toBe(42);
  });

  it("says what is too large when not even the least fits", async () => {
    const history = [system("rules"), ...turns(1, 3), user("x".repeat(400)), assistant("short")];
    const counter = customCounter("quarter", (text) => Math.ceil(text.length / 4));
    const error = await failure(tokenBudget({ maxTokens: 60, counter }).apply(history));
    expect(error.code).toBe("budget-exceeded");
    expect(error.message).toBe(
      "What must be shown needs 116 tokens, and there are 60. The largest is the user message with seq 8: 104.",
    );
    expect(error.details).toEqual({
      maxTokens: 60,
      available: 60,
      needed: 116,
      system: 6,
      largest: [
        { seq: 8, role: "user", tokens: 104 },
        { seq: 1, role: "system", tokens: 6 },
        { seq: 9, role: "assistant", tokens: 6 },
      ],
    });
  });

  it("fits also when ids have to be made anew", async () => {
    const history = Array.from({ length: 40 }, () => [
      user("look"),
      assistant(call("same")),
      tool(result("same")),
    ]).flat();
    const counter = { ...ten, countMessage: (message: Message) => JSON.stringify(message).length };
    for (let maxTokens = 400; maxTokens < 1200; maxTokens += 37) {
      const view = await tokenBudget({ maxTokens, counter }).apply(history);
      expect(view.tokens).toBeLessThanOrEqual(maxTokens);
    }
  });

  it("ends the stable begin where a result was made up", async () => {
    const history = [...turns(1, 1), user("look"), assistant(call("open"))];
    const view = await tokenBudget({ maxTokens: 100, counter: ten }).apply(history);
    expect(view.messages.at(-1)?.content).toMatchObject([{ output: missingResult, isError: true }]);
    expect(view).toMatchObject({ tokens: 50, stablePrefixTokens: 40 });
  });
});

describe("a view", () => {
  it("gives reused and odd call ids one of their own, the same in the next view", async () => {
    const step = (id: string): Message[] => [user("look"), assistant(call(id)), tool(result(id))];
    const history = [...step("a"), ...step("a"), ...step("call:1|2"), ...step("x".repeat(64))];
    const ids = async (messages: readonly Message[]): Promise<string[]> => {
      const view = await window({ messages: 50 }).apply(messages);
      return view.messages.flatMap(({ content }) =>
        typeof content === "string"
          ? []
          : content.map((part) => ("toolCallId" in part ? part.toolCallId : "")),
      );
    };
    const found = await ids(history);
    expect(found).toEqual([
      ...["a", "a", "a_5", "a_5", "call_1_2_8", "call_1_2_8"],
      ...[`${"x".repeat(37)}_11`, `${"x".repeat(37)}_11`],
    ]);
    expect((await ids([...history, ...step("a")])).slice(0, 8)).toEqual(found);
  });

  it("puts reasoning into what it led to", async () => {
    const view = await window({ messages: 9 }).apply([
      user("q"),
      assistant(reasoning("think")),
      assistant(call("c")),
      tool(result("c")),
    ]);
    expect(view.messages[1]?.content).toEqual([reasoning("think"), call("c")]);
    expect(view).toMatchObject({ seqs: [1, 3, 4], summarized: [{ from: 2, to: 2 }], compacted: false });
  });

  it("changes nothing of what it was given", async () => {
    const history: Message[] = [user("q"), assistant(call("a")), tool(result("a")), assistant(call("a"))];
    const before = structuredClone(history);
    await compose(window({ messages: 3 }), tokenBudget({ maxTokens: 500 })).apply(history);
    expect(history).toEqual(before);
  });

  it("ends with the caller's signal", async () => {
    const error = await failure(exact(2).apply(turns(1, 5), { signal: AbortSignal.abort() }));
    expect(error.code).toBe("aborted");
  });
});

describe("compose", () => {
  it("lets each strategy cut what the one before left", async () => {
    const both = compose(exact(8), tokenBudget({ maxTokens: 45, low: 1, counter: ten }));
    const view = await both.apply(turns(1, 10));
    expect(view.dropped).toEqual([
      { from: 1, to: 12, reason: "window" },
      { from: 13, to: 16, reason: "budget" },
    ]);
    expect(textsOf(view.messages)).toEqual(["q9", "a9", "q10", "a10"]);
    expect(both.name).toBe("compose(window(messages=8, low=8), tokenBudget(maxTokens=45))");
    const nested = compose(compose(exact(8)), tokenBudget({ maxTokens: 45, low: 1, counter: ten }));
    expect(await nested.apply(turns(1, 10))).toEqual(view);
  });

  it("summarizes before it cuts", async () => {
    const summarizer = recordingSummarizer();
    const view = await compose(
      summarize({ trigger: { tokens: 80 }, keep: { tokens: 60 }, summarizer, counter: ten }),
      tokenBudget({ maxTokens: 50, low: 50, counter: ten }),
    ).apply(turns(1, 9));
    expect(textsOf(view.messages)).toEqual([expect.stringContaining("q1..a6"), "q8", "a8", "q9", "a9"]);
    expect(view).toMatchObject({
      tokens: 50,
      summarized: [{ from: 1, to: 12 }],
      dropped: [{ from: 13, to: 14, reason: "budget" }],
    });
  });
});

describe("what cannot be", () => {
  const summarizer = recordingSummarizer();
  const trigger = { messages: 9 };
  const keep = { messages: 4 };
  const cases: readonly [string, () => unknown, string][] = [
    ["a window of nothing", () => window({} as WindowOptions), "options"],
    ["two windows", () => window({ messages: 1, turns: 1 } as unknown as WindowOptions), "options"],
    ["a window of zero", () => window({ messages: 0 }), "options.messages"],
    ["half a turn", () => window({ turns: 1.5 }), "options.turns"],
    ["a low mark above the window", () => window({ messages: 4, low: 5 }), "options.low"],
    ["a misspelt option", () => window({ messages: 4, mesages: 5 } as WindowOptions), "options.mesages"],
    ["no options", () => window(undefined as unknown as WindowOptions), "options"],
    ["a budget of zero", () => tokenBudget({ maxTokens: 0 }), "options.maxTokens"],
    ["a reserve of all", () => tokenBudget({ maxTokens: 9, reserve: 9 }), "options.reserve"],
    [
      "a negative reserve",
      () => tokenBudget({ maxTokens: 9, reserve: { output: -1 } }),
      "options.reserve.output",
    ],
    [
      "a counter that cannot count",
      () => tokenBudget({ maxTokens: 9, counter: {} as typeof ten }),
      "options.counter",
    ],
    [
      "a summary of nothing",
      () => summarize({ trigger: {} as typeof keep, keep, summarizer }),
      "options.trigger",
    ],
    [
      "more kept than triggers",
      () => summarize({ trigger: keep, keep: trigger, summarizer }),
      "options.keep",
    ],
    [
      "no summarizer",
      () => summarize({ trigger, keep, summarizer: {} as typeof summarizer }),
      "options.summarizer",
    ],
    [
      "a timeout for ever",
      () => summarize({ trigger, keep, summarizer, timeoutMs: 2 ** 31 }),
      "options.timeoutMs",
    ],
    ["nothing to compose", () => compose(), "strategies"],
    ["a strategy of others", () => compose({ ...exact(2) }, { name: "x" } as Strategy), "strategies[1]"],
  ];
  it.each(cases)("is refused: %s", (_name, make, field) => {
    let refused: unknown;
    try {
      make();
    } catch (error) {
      refused = error;
    }
    expect(refused).toMatchObject({ code: "invalid-input", details: { field } });
  });

  it.each([
    ["no array", { length: 2 }, "messages"],
    ["a hole", [user("q"), undefined], "messages[1]"],
    ["another role", [{ role: "robot", content: "x" }], "messages[0].role"],
    [
      "a part without its text",
      [{ role: "user", content: [{ type: "text" }] }],
      "messages[0].content[0].text",
    ],
  ])("is refused as messages: %s", async (_name, messages, field) => {
    const error = await failure(exact(2).apply(messages as unknown as Message[]));
    expect(error.code).toBe("invalid-input");
    expect((error.details as JsonObject).field).toBe(field);
  });
});
