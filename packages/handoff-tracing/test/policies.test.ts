import { MemoryError, type Message, type TokenCounter, type View, type ViewStrategy } from "@relevo/core";
import { continuation, missingResult } from "@relevo/messages";
import { window } from "@relevo/truncation";
import { describe, expect, test } from "vitest";
import type { ContextFunction, ContextPolicy } from "../src/context/context-policy.ts";
import { full, last, none, view } from "../src/context/policies.ts";
import { type Bench, bench, bound, callMessage, done, rejectionOf, resultMessage, work } from "./support.ts";

async function seen(on: Bench, policy: ContextPolicy | ContextFunction): Promise<readonly Message[]> {
  return await on.handoffs.run(
    { ...work, session: on.session, policy, outcome: () => undefined },
    (input) => input.messages,
  );
}

function texts(messages: readonly Message[]): unknown[] {
  return messages.map(({ content }) => (typeof content === "string" ? content : content[0]));
}

async function lastContext(on: Bench): Promise<unknown> {
  return (await on.records()).findLast(({ status }) => status === "started")?.context;
}

describe("full", () => {
  test("passes every effective message: none retracted, none erased", async () => {
    const on = bench();
    await on.say("one", "two", "three", "four");
    await on.log.append(on.session, [
      { type: "retraction", body: { ranges: [{ from: 2, to: 2 }], reason: "undo" } },
    ]);
    await on.log.erase(on.session, { seqs: [{ from: 3, to: 3 }] });
    expect(texts(await seen(on, full()))).toEqual(["one", "four"]);
    expect(await lastContext(on)).toMatchObject({
      passed: [
        { from: 1, to: 1 },
        { from: 4, to: 4 },
      ],
      dropped: [],
      version: 5,
    });
  });

  test("reads through pages of a long session", async () => {
    const on = bench();
    const many = Array.from({ length: 950 }, (_, index) => `message ${index}`);
    await on.say(...many);
    await on.say(...many);
    expect(await seen(on, full())).toHaveLength(1900);
    expect(await lastContext(on)).toMatchObject({ passed: [{ from: 1, to: 1900 }], dropped: [] });
  });

  test("reads all pages as of one version, whatever others do between them", async () => {
    let afterFirst = async (): Promise<void> => {};
    const on = bench({}, (log) => ({
      ...bound(log),
      read: async (...call) => {
        const page = await log.read(...call);
        await afterFirst();
        return page;
      },
    }));
    await on.say(...Array.from({ length: 250 }, (_, index) => `message ${index}`));
    afterFirst = async () => {
      afterFirst = async () => {};
      await on.log.append(on.session, [
        { type: "retraction", body: { ranges: [{ from: 1, to: 50 }], reason: "undo" } },
        { type: "message", body: { role: "user", content: "later" } },
      ]);
    };
    expect(await seen(on, full())).toHaveLength(250);
    expect(await lastContext(on)).toMatchObject({ passed: [{ from: 1, to: 250 }], version: 250 });
  });

  test("never mixes a session with the one that took its place", async () => {
    let afterFirst = async (): Promise<void> => {};
    const on = bench({}, (log) => ({
      ...bound(log),
      read: async (...call) => {
        const page = await log.read(...call);
        await afterFirst();
        return page;
      },
    }));
    const many = Array.from({ length: 250 }, (_, index) => `message ${index}`);
    await on.say(...many);
    afterFirst = async () => {
      afterFirst = async () => {};
      await on.log.delete(on.session);
      await on.say(...many);
    };
    expect(await rejectionOf(seen(on, full()))).toMatchObject({ code: "history-lost" });
    expect(await on.records()).toEqual([]);
  });

  test("says of a call without a result that it has none", async () => {
    const on = bench();
    await on.say("hi", callMessage("crashed"), "again");
    const messages = await seen(on, full());
    expect(messages.map(({ role }) => role)).toEqual(["user", "assistant", "tool", "user"]);
    expect(texts(messages)[2]).toMatchObject({ toolCallId: "crashed", output: missingResult, isError: true });
    expect(await lastContext(on)).toMatchObject({ passed: [{ from: 1, to: 3 }], inlineAt: [2] });
  });

  test("puts a late result behind its call, and system messages first, all by their places", async () => {
    const on = bench();
    await on.say(
      "hi",
      callMessage("a"),
      { role: "system", content: "Be brief." },
      "hello?",
      resultMessage("a"),
    );
    const messages = await seen(on, full());
    expect(messages.map(({ role }) => role)).toEqual(["system", "user", "assistant", "tool", "user"]);
    const context = await lastContext(on);
    expect(context).toMatchObject({
      passed: [
        { from: 3, to: 3 },
        { from: 1, to: 2 },
        { from: 5, to: 5 },
        { from: 4, to: 4 },
      ],
      dropped: [],
    });
    expect(context).not.toHaveProperty("inline");
  });

  test("records what it has to change whole, and says which messages that are", async () => {
    const on = bench();
    const thought: Message = { role: "assistant", content: [{ type: "reasoning", text: "Hm." }] };
    await on.say("hi", callMessage("x"), resultMessage("x"), thought, callMessage("x"), resultMessage("x"));
    const messages = await seen(on, full());
    expect(messages).toHaveLength(5);
    expect(await lastContext(on)).toMatchObject({
      passed: [{ from: 1, to: 3 }],
      reshaped: [{ from: 4, to: 6 }],
      dropped: [],
      inline: messages.slice(3),
      inlineAt: [3, 4],
    });
    await on.log.erase(on.session, { seqs: [{ from: 4, to: 4 }] });
    const { events } = await on.log.read(on.session, { types: ["handoff"] });
    expect(JSON.stringify(events)).not.toContain("Hm.");
  });
});

describe("last", () => {
  test("passes the newest messages and says what it dropped", async () => {
    const on = bench();
    await on.say("one", "two", "three", "four");
    expect(texts(await seen(on, last(2)))).toEqual(["three", "four"]);
    expect(await lastContext(on)).toMatchObject({
      policy: "last(2)",
      passed: [{ from: 3, to: 4 }],
      dropped: [{ from: 1, to: 2 }],
    });
  });

  test("begins with the call when its window would begin with a result", async () => {
    const on = bench();
    const calls: Message = {
      role: "assistant",
      content: ["a", "b", "c"].map((id) => ({ type: "tool-call", toolCallId: id, toolName: "t", input: {} })),
    };
    await on.say("hi", calls, resultMessage("a"), resultMessage("b"), resultMessage("c"));
    const messages = await seen(on, last(1));
    expect(texts(messages)[0]).toBe(continuation);
    expect(messages).toHaveLength(5);
    expect(await lastContext(on)).toMatchObject({
      passed: [{ from: 2, to: 5 }],
      dropped: [{ from: 1, to: 1 }],
    });
  });

  test("finds a call far back, and the right one of calls with the same id", async () => {
    const on = bench();
    await on.say(callMessage("x"), resultMessage("x"), callMessage("x"));
    await on.say(...Array.from({ length: 150 }, (_, index) => `aside ${index}`), resultMessage("x"));
    expect((await seen(on, last(1))).map(({ role }) => role)).toEqual(["user", "assistant", "tool"]);
    expect(await lastContext(on)).toMatchObject({
      passed: [
        { from: 3, to: 3 },
        { from: 154, to: 154 },
      ],
      dropped: [
        { from: 1, to: 2 },
        { from: 4, to: 153 },
      ],
      inlineAt: [0],
    });
  });

  test("drops a result whose call is gone, and keeps the rest", async () => {
    const on = bench();
    await on.say(
      callMessage("gone"),
      resultMessage("gone"),
      callMessage("kept"),
      resultMessage("kept"),
      "thanks",
    );
    await on.log.erase(on.session, { seqs: [{ from: 1, to: 1 }] });
    expect(texts(await seen(on, last(4)))[0]).toBe(continuation);
    expect(await lastContext(on)).toMatchObject({
      passed: [{ from: 3, to: 5 }],
      dropped: [{ from: 2, to: 2 }],
    });
    const alone = bench();
    await alone.say("hi", resultMessage("never called"));
    expect(await seen(alone, last(1))).toEqual([]);
  });

  test("reads no more of a long session than it passes", async () => {
    let events = 0;
    const on = bench({}, (log) => ({
      ...log,
      append: (...call) => log.append(...call),
      read: async (...call) => {
        const page = await log.read(...call);
        events += page.events.length;
        return page;
      },
    }));
    for (let batch = 0; batch < 5; batch++)
      await on.say(...Array.from({ length: 900 }, (_, index) => `m${index}`));
    await seen(on, last(3));
    expect(events).toBeLessThan(110);
    expect(await lastContext(on)).toMatchObject({
      passed: [{ from: 4498, to: 4500 }],
      dropped: [{ from: 1, to: 4497 }],
    });
  });

  test.each([[0], [1.5], [-1], [Number.NaN]])("refuses a count of %s", (count) => {
    expect(() => last(count)).toThrow(MemoryError);
  });
});

test("none passes nothing and drops everything", async () => {
  const on = bench();
  await on.say("one", "two");
  expect(await seen(on, none())).toEqual([]);
  expect(await lastContext(on)).toMatchObject({ policy: "none", passed: [], dropped: [{ from: 1, to: 2 }] });
});

describe("functions", () => {
  test("that pick messages are recorded by place", async () => {
    const on = bench();
    await on.say("one", "two", "three");
    await seen(on, ({ messages }) => messages.filter(({ content }) => content !== "two"));
    const context = await lastContext(on);
    expect(context).toMatchObject({
      policy: "custom",
      passed: [
        { from: 1, to: 1 },
        { from: 3, to: 3 },
      ],
      dropped: [{ from: 2, to: 2 }],
    });
    expect(context).not.toHaveProperty("inline");
  });

  test("may pick by seq, in any order and twice; a seq that is no message is refused", async () => {
    const on = bench();
    await on.say("one", "two", "three");
    expect(texts(await seen(on, () => ({ seqs: [3, 1, 3] })))).toEqual(["one", "three"]);
    const error = await rejectionOf(seen(on, () => ({ seqs: [99] })));
    expect(MemoryError.isInstance(error, "invalid-input")).toBe(true);
  });

  test("see the request, and what they make is recorded whole and in its place", async () => {
    const on = bench();
    await on.say("one", "two");
    const brief: ContextFunction = async function brief({ messages, from, to, reason, version }) {
      const note = `${from} to ${to}: ${reason}, ${messages.length} at ${version}`;
      return [{ role: "system", content: note }, ...messages.slice(1)];
    };
    const note = "coordinator to qualifier: new lead, 2 at 2";
    expect(texts(await seen(on, brief))).toEqual([note, "two"]);
    expect(await lastContext(on)).toMatchObject({
      policy: "brief",
      passed: [{ from: 2, to: 2 }],
      dropped: [{ from: 1, to: 1 }],
      inline: [{ role: "system", content: note }],
      inlineAt: [0],
    });
  });

  test("that move messages get them recorded in their order, and those that they repeat as made", async () => {
    const on = bench();
    await on.say("one", "two", "three");
    expect(texts(await seen(on, ({ messages }) => [...messages.slice(1), ...messages]))).toEqual([
      "two",
      "three",
      "one",
      "two",
      "three",
    ]);
    expect(await lastContext(on)).toMatchObject({
      passed: [
        { from: 2, to: 3 },
        { from: 1, to: 1 },
      ],
      dropped: [],
      inlineAt: [3, 4],
    });
  });

  test("that make what is no message are refused", async () => {
    const on = bench();
    const wrong = [{ role: "robot", content: "beep" }] as unknown as readonly Message[];
    expect(MemoryError.isInstance(await rejectionOf(seen(on, () => wrong)), "invalid-input")).toBe(true);
    expect((await on.records()).map(({ status }) => status)).toEqual(["failed"]);
  });

  test("cannot change what is recorded afterwards", async () => {
    const on = bench();
    const made = { role: "user", content: "before" } as { role: "user"; content: string };
    const messages = await seen(on, () => [made]);
    made.content = "after";
    expect(texts(messages)).toEqual(["before"]);
    expect(Object.isFrozen(messages)).toBe(true);
  });
});

describe("view", () => {
  const summary: Message = { role: "system", content: "Summary: they said hello." };

  /** The newest message in full, a text for those before it, and a pinned one from the index. */
  const strategy: ViewStrategy = {
    name: "sketch",
    async view(source): Promise<View> {
      const [newest] = await source.readBackward({ limit: 1 });
      const [pinned] = await source.pinned();
      if (newest?.type !== "message" || newest.body === undefined) throw new Error("nothing to see");
      const first = pinned?.type === "message" && pinned.body !== undefined ? [pinned] : [];
      return {
        messages: [...first.map(({ body }) => body as Message), summary, newest.body],
        seqs: [...first.map(({ seq }) => seq), undefined, newest.seq],
        version: source.version,
        removalRevision: source.removalRevision,
        compacted: true,
        dropped: [],
        summarized: [{ from: 2, to: newest.seq - 1 }],
      };
    },
  };

  test("passes what the strategy shows; what it made is recorded whole and derived from what it covers", async () => {
    const on = bench();
    await on.say({ role: "system", content: "Be kind." }, "one", "two", "three");
    expect(texts(await seen(on, view(strategy)))).toEqual(["Be kind.", "Summary: they said hello.", "three"]);
    expect(await lastContext(on)).toMatchObject({
      policy: "view(sketch)",
      passed: [
        { from: 1, to: 1 },
        { from: 4, to: 4 },
      ],
      summarized: [{ from: 2, to: 3 }],
      dropped: [],
      inline: [summary],
      inlineAt: [1],
    });
    await on.log.erase(on.session, { seqs: [{ from: 2, to: 2 }] });
    const { events } = await on.log.read(on.session, { types: ["handoff"] });
    expect(JSON.stringify(events)).not.toContain("they said hello");
  });

  test("of a long session with old pins is the page that opened the snapshot; what was dropped costs two small reads", async () => {
    const reads: (number | undefined)[] = [];
    const on = bench({}, (log) => ({
      ...bound(log),
      read: (...call) => {
        reads.push(call[1]?.limit);
        return log.read(...call);
      },
    }));
    const rules = Array.from({ length: 101 }, (_, n): Message => ({ role: "system", content: `rule ${n}` }));
    const body = { text: "so far", sourceHash: "h", strategy: "test", tokensBefore: 2, tokensAfter: 1 };
    await on.say(...rules.slice(0, 3));
    for (let batch = 0; batch < 5; batch++)
      await on.say(...Array.from({ length: 900 }, (_, index) => `m${index}`));
    await on.log.append(on.session, [{ type: "summary", body, pinned: true }]);
    await on.say("one", "two");
    const shown = texts(await seen(on, view(window({ messages: 20 }))));
    expect(shown.slice(0, 3)).toEqual(["rule 0", "rule 1", "rule 2"]);
    expect(shown.slice(-2)).toEqual(["one", "two"]);
    expect(reads).toEqual([100, 1, 1]);
    expect(await lastContext(on)).toMatchObject({
      passed: [
        { from: 1, to: 3 },
        { from: 4496, to: 4503 },
        { from: 4505, to: 4506 },
      ],
      dropped: [{ from: 4, to: 4495 }],
    });
    await on.say(...rules.slice(3), ...Array.from({ length: 100 }, () => "m"));
    expect(texts(await seen(on, view(window({ messages: 20 })))).slice(0, 101)).toEqual(texts(rules));
  });

  test("a strategy that cannot fit its budget ends the handoff", async () => {
    const on = bench();
    await on.say("one");
    const tight: ViewStrategy = {
      name: "tight",
      view: () => Promise.reject(new MemoryError("budget-exceeded", "Does not fit.")),
    };
    expect(MemoryError.isInstance(await rejectionOf(seen(on, view(tight))), "budget-exceeded")).toBe(true);
    expect(await on.records()).toMatchObject([{ status: "failed", error: { code: "budget-exceeded" } }]);
  });
});

test("a counter gives the tokens of the whole conversation and of what was passed", async () => {
  const counter: TokenCounter = {
    name: "letters",
    countText: (text) => text.length,
    countMessage: ({ content }) => content.length,
  };
  const on = bench({ counter });
  await on.say("four", "sixsix", "one");
  await seen(on, last(2));
  expect(await lastContext(on)).toMatchObject({ tokensBefore: 13, tokensAfter: 9 });
});

describe("for one provider", () => {
  const search: Message = {
    role: "assistant",
    content: [
      { type: "native", format: "openai-responses", item: { type: "web_search_call" } },
      { type: "text", text: "Found." },
    ],
  };

  test.each([
    ["full", full()],
    ["last", last(2)],
    ["a view", view(window({ messages: 10 }))],
    ["a function", (({ messages }) => messages) satisfies ContextFunction],
  ])("%s passes its own items, and leaves them out for all others", async (_, policy) => {
    const on = bench();
    await on.say("hi", search);
    const request = { ...work, session: on.session, policy, outcome: () => undefined };
    const own = await on.handoffs.run({ ...request, for: "openai-responses" }, ({ messages }) => messages);
    expect(own.at(-1)).toEqual(search);
    for (const provider of [undefined, "gemini"] as const) {
      const seenBy = await on.handoffs.run({ ...request, for: provider }, ({ messages }) => messages);
      expect(seenBy.at(-1)?.content).toEqual([{ type: "text", text: "Found." }]);
    }
  });

  test("that there is not is refused", async () => {
    const on = bench();
    const run = on.handoffs.run({ ...work, session: on.session, for: "openai" as never }, done);
    expect(MemoryError.isInstance(await rejectionOf(run), "invalid-input")).toBe(true);
  });
});

describe("an answer that is no choice of messages", () => {
  test.each([
    ["nothing", undefined],
    ["null", null],
    ["a text", "all"],
    ["a number", 5],
    ["seqs that are no list", { seqs: 5 }],
    ["messages that are no list", { messages: "all" }],
    ["a hole among the messages", [null]],
  ])("is refused by name and recorded as failed: %s", async (_, answer) => {
    const on = bench();
    await on.say("hi");
    const policy = (() => answer) as unknown as ContextFunction;
    const error = await rejectionOf(on.handoffs.run({ ...work, session: on.session, policy }, done));
    expect(MemoryError.isInstance(error, "invalid-input")).toBe(true);
    expect((await on.records()).map(({ status }) => status)).toEqual(["failed"]);
  });

  test("is refused of a policy object too", async () => {
    const on = bench();
    const policy = { name: "own", choose: async () => undefined } as unknown as ContextPolicy;
    const error = await rejectionOf(on.handoffs.run({ ...work, session: on.session, policy }, done));
    expect(MemoryError.isInstance(error, "invalid-input")).toBe(true);
  });
});
