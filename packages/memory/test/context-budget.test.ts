import type { JsonValue, TokenCounter, View, ViewStrategy } from "@relevo/core";
import { countRanges } from "@relevo/core/input";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ContextOptions, createMemory, type MemoryContext, renderContext } from "../src/index.ts";
import { assistant, failure, oneStore, texts, user } from "./fixture.ts";

/** A token for each character, so that sums are exact. */
const counter: TokenCounter = {
  name: "characters",
  countText: (text) => text.length,
  countMessage: ({ content }) => JSON.stringify(content).length,
};

async function filled() {
  const { memory, clock } = oneStore({ counter });
  const acme = memory.tenant("acme");
  const session = acme.session("s", { subject: "ana" });
  for (let at = 0; at < 8; at++) {
    clock.advance(1000);
    await session.append([user(`question ${at}`), assistant(`answer ${at}`)]);
    await acme.agent("a").remember(`rule-${at}`, { text: `rule ${at}` });
    await session.user.remember(`fact-${at}`, `fact ${at}`);
    await session.working.remember(`step-${at}`, at);
    await session.agent("a").remember(`note-${at}`, "x".repeat(20 * at));
    await acme
      .agent("a")
      .recordOutcome({ success: at > 2, strategy: `plan-${at}`, task: "a task", rating: at });
  }
  const context = (options: Partial<ContextOptions> = {}): Promise<MemoryContext> =>
    acme.context({ session, agent: "a", performance: true, ...options });
  return { acme, session, clock, context };
}

describe("a context that is bounded", () => {
  it("never costs more than allowed, in whole and by part, and names what it leaves out", async () => {
    const { session, context } = await filled();
    const all = await context();
    expect(all).not.toHaveProperty("budget");
    let most = 0;
    for (const maxTokens of [2500, 4000, 6000, 100_000]) {
      const bounded = await context({ maxTokens });
      const { budget, view } = bounded;
      if (budget === undefined || view === undefined) throw new Error("There must be a budget and a view.");
      const { text } = renderContext(bounded);
      // What is counted is what is rendered: neither more nor less.
      expect(text.length).toBeLessThanOrEqual(budget.tokens);
      expect(budget.tokens).toBeLessThanOrEqual(maxTokens);
      expect(budget.tokens).toBe(Object.values(budget.parts).reduce((sum, { tokens }) => sum + tokens, 0));
      for (const part of Object.values(budget.parts)) expect(part.tokens).toBeLessThanOrEqual(part.maxTokens);
      const { parts } = budget;
      expect(parts["durable.agent"].shown + parts["durable.agent"].leftOut.length).toBe(8);
      expect(parts["volatile.messages"].shown + countRanges(view.dropped)).toBe(16);
      expect(parts["volatile.messages"].leftOut).toEqual(view.dropped);
      expect(bounded.volatile.messages).toBe(view.messages);
      expect(parts.performance.shown + parts.performance.leftOut.length).toBe(16);
      expect(parts["durable.agent"].shown).toBe(bounded.durable.agent.length);
      expect(text.length).toBeGreaterThanOrEqual(most);
      most = text.length;
    }
    const { budget, ...whole } = await context({ maxTokens: 100_000 });
    expect(whole).toEqual(all);
    expect(whole.view).toEqual(await session.view());
    expect(Object.values(budget?.parts ?? {}).flatMap(({ leftOut }) => leftOut)).toEqual([]);
    const { message } = await failure(context({ maxTokens: 100 }), "budget-exceeded");
    expect(message).toMatch(/Of 100 tokens .* Allow more tokens/);
    expect(renderContext(await context({ maxTokens: 1, view: false })).text).toBe("");
  });

  it("keeps the newest memories and messages", async () => {
    const { acme, clock, context } = await filled();
    clock.advance(1000);
    await acme.agent("a").remember("rule-0", "changed");
    const { durable, volatile, budget } = await context({
      maxTokens: 2000,
      shares: { recalled: 0.5, "durable.agent": 0.2 },
    });
    const keys = durable.agent.map(({ key }) => key);
    expect(keys).toContain("rule-0");
    expect(keys).toContain("rule-7");
    expect(keys).not.toContain("rule-1");
    expect(keys).toEqual(keys.toSorted());
    expect(budget?.parts["durable.agent"].leftOut).toContainEqual({ key: "rule-1", agent: "a" });
    expect(texts(volatile.messages).at(-1)).toBe("answer 7");
    expect(volatile.messages.length).toBeLessThan(16);
    expect(budget?.parts["volatile.messages"].leftOut[0]).toMatchObject({ from: 1, reason: "budget" });
  });

  it("divides by the shares that are given, and what nobody takes goes to the messages", async () => {
    const { context } = await filled();
    const { budget, durable } = await context({
      maxTokens: 3000,
      shares: { "durable.agent": 0.4, recalled: 0, "volatile.agent": 0 },
    });
    expect(budget?.parts["durable.agent"].maxTokens).toBe(1200);
    // The rest of 60 % is divided as 10 : 45 : 5 : 5.
    expect(budget?.parts["durable.user"].maxTokens).toBe(Math.floor((1800 * 10) / 65));
    expect(budget?.parts["volatile.agent"]).toMatchObject({ shown: 0, tokens: 0 });
    expect(durable.agent).toHaveLength(8);
    expect(budget?.parts["volatile.messages"].maxTokens).toBeGreaterThan((1800 * 45) / 65);
    const only = await context({ maxTokens: 3000, shares: { "volatile.messages": 1 } });
    expect(only.volatile.messages).toHaveLength(16);
    expect(only.durable).toEqual({ agent: [], user: [] });
    expect(only).not.toHaveProperty("performance");
  });

  it("starts the conversation where one can start", async () => {
    const { memory } = oneStore({ counter });
    const session = memory.tenant("acme").session("s");
    const call = {
      type: "tool-call",
      toolCallId: "c",
      toolName: "find",
      input: { q: "x".repeat(300) },
    } as const;
    await session.append([
      user("find it"),
      { role: "assistant", content: [call] },
      { role: "tool", content: [{ type: "tool-result", toolCallId: "c", output: "found" }] },
      assistant("here it is"),
    ]);
    const roles = async (maxTokens: number): Promise<unknown> => {
      const shares = { "volatile.messages": 1 };
      const context = await memory.tenant("acme").context({ session, maxTokens, shares });
      return renderContext(context).messages.map(({ role }) => role);
    };
    // The result would fit, its call does not; the question that the answer is to stays.
    expect(await roles(400)).toEqual(["user", "assistant"]);
    expect(await roles(1000)).toEqual(["user", "assistant", "tool", "assistant"]);
  });

  it("shows the conversation as the session's view does, within what is left", async () => {
    const { context, session, acme } = await filled();
    const asked: (number | undefined)[] = [];
    const strategy: ViewStrategy = {
      name: "summary",
      async view({ version, removalRevision }, { within } = {}): Promise<View> {
        asked.push(within?.maxTokens);
        return {
          messages: [user("In short: all is well.")],
          seqs: [undefined],
          version,
          removalRevision,
          compacted: true,
          dropped: [],
          summarized: [{ from: 1, to: 16 }],
        };
      },
    };
    const bounded = await context({ maxTokens: 4000, view: { strategy, record: true } });
    expect(texts(bounded.volatile.messages)).toEqual(["In short: all is well."]);
    expect(bounded.view?.summarized).toEqual([{ from: 1, to: 16 }]);
    expect(asked[0]).toBeLessThan(4000);
    expect((await session.explain(100))?.messages[0]?.message?.content).toBe("In short: all is well.");
    expect((await context({ view: { strategy } })).volatile.messages).toHaveLength(1);
    expect(asked[1]).toBeUndefined();
    expect((await context({ view: false, maxTokens: 4000 })).volatile.messages).toEqual([]);
    // A strategy that does not know the bound is refused, not believed.
    const talkative = { ...strategy, view: async () => viewOf(await acme.session("s").view()) };
    await failure(context({ maxTokens: 1500, view: { strategy: talkative } }), "budget-exceeded");
    function viewOf(view: View): View {
      return { ...view, messages: [...view.messages, user("x".repeat(2000))] };
    }
  });

  it("moves the start of the conversation seldom, whatever happens to notes and working memory", async () => {
    const { memory } = oneStore({ counter });
    const acme = memory.tenant("acme");
    const session = acme.session("s");
    const rules = { role: "system", content: "Be brief." } as const;
    await session.append(rules);
    let starts = 0;
    let start: unknown;
    for (let turn = 0; turn < 100; turn++) {
      await session.append([user(`question ${turn}`), assistant(`answer ${turn}`)]);
      await session.working.remember("step", "x".repeat(turn));
      const context = await acme.context({ session, agent: "a", maxTokens: 3000 });
      const [first, second] = context.volatile.messages;
      expect(first).toMatchObject(rules);
      if (second?.content === start) continue;
      start = second?.content;
      starts++;
    }
    // A start that slid would move 74 times.
    expect(starts).toBeLessThan(20);
    expect(starts).toBeGreaterThan(3);
  });

  it("reads as much of the log as it shows, however long that is", async () => {
    const counts: number[] = [];
    for (const turns of [500, 5000]) {
      const { store, clock } = oneStore();
      let read = 0;
      const log = Object.create(store.log, {
        read: {
          value: async (...given: Parameters<typeof store.log.read>) => {
            const page = await store.log.read(...given);
            read += page.events.length;
            return page;
          },
        },
      }) as typeof store.log;
      const memory = createMemory({ store: { ...store, documents: store.documents, log }, clock });
      const session = memory.tenant("acme").session("s");
      for (let at = 0; at < turns; at += 100)
        await session.append(
          Array.from({ length: 100 }, (_, n) => [user(`q${at + n}`), assistant("a")]).flat(),
        );
      read = 0;
      const { volatile } = await memory.tenant("acme").context({ session, maxTokens: 4000 });
      expect(volatile.messages.length).toBeGreaterThan(50);
      counts.push(read);
    }
    expect(counts[1]).toBe(counts[0]);
    expect(counts[0]).toBeLessThan(400);
  });

  it.each([
    ["no tokens", { maxTokens: 0 }],
    ["a half token", { maxTokens: 1.5 }],
    ["a text as bound", { maxTokens: "10" }],
    ["shares of nothing", { shares: { recalled: 1 } }],
    ["tags that are no list", { tags: { any: "vip" } }],
    ["tags of another name", { tags: { some: ["vip"] } }],
    ["no entries", { entries: 0 }],
    ["a view of another name", { view: { limit: 1 } }],
    ["activity that is no number", { activity: "all" }],
    ["a task that is no text", { task: 7 }],
    ["shares of more than all", { maxTokens: 10, shares: { recalled: 0.6, performance: 0.5 } }],
    ["a negative share", { maxTokens: 10, shares: { recalled: -0.1 } }],
    ["a share that is no number", { maxTokens: 10, shares: { recalled: Number.NaN } }],
    ["a part that does not exist", { maxTokens: 10, shares: { recaled: 0.1 } }],
    ["a view that is bounded twice", { view: { within: { maxTokens: 5 } } }],
    ["a view that is not valid", { view: "whole" }],
    ["a list of shares", { maxTokens: 10, shares: [0.1] }],
  ])("refuses %s", async (_, options) => {
    const acme = oneStore().memory.tenant("acme");
    const given = { session: "s", agent: "a", ...(options as object) };
    const { details } = await failure(acme.context(given), "invalid-input");
    expect(details.field).toMatch(/^options\.\w/u);
  });
});

describe("a context as a prompt", () => {
  it("is the same for the same memory, and starts with what is durable", async () => {
    const [one, two] = [await filled(), await filled()];
    const first = renderContext(await one.context({ maxTokens: 3000 }));
    expect(renderContext(await two.context({ maxTokens: 3000 })).text).toBe(first.text);
    expect(first.text.startsWith(first.stable)).toBe(true);
    expect(first.text.endsWith(first.changing)).toBe(true);

    // Everything but durable memory changes, and the start of the prompt stays.
    await one.session.append([user("more"), assistant("x".repeat(500))]);
    await one.session.working.remember("step-9", "y".repeat(100));
    await one.session.agent("a").remember("note-9", "z");
    await one.acme.agent("a").recordOutcome({ success: true });
    const later = renderContext(await one.context({ maxTokens: 3000 }));
    expect(later.stable).toBe(first.stable);
    expect(later.text).not.toBe(first.text);
    expect(later.text.startsWith(first.stable)).toBe(true);
  });

  it("keeps the conversation before what changes, so that it is a cached prefix, too", async () => {
    const { session, context } = await filled();
    const before = renderContext(await context());
    await session.append(user("more"));
    const after = renderContext(await context());
    const spoken = before.text.slice(0, before.text.indexOf("</conversation>"));
    expect(spoken).toContain("answer 7");
    expect(after.text.startsWith(spoken)).toBe(true);
    const cached = before.messages.findIndex(({ content }) => content === before.changing);
    expect(cached).toBeGreaterThan(10);
    expect(after.messages.slice(0, cached)).toEqual(before.messages.slice(0, cached));
  });

  it("as messages has what changes before the newest turn", async () => {
    const { session, context } = await filled();
    await session.append(user("more"));
    const rendered = renderContext(await context());
    expect(rendered.messages.map(({ role }) => role).slice(-3)).toEqual(["assistant", "user", "user"]);
    expect(rendered.messages[0]).toEqual({ role: "system", content: rendered.stable });
    expect(rendered.messages.at(-2)?.content).toBe(rendered.changing);
    expect(rendered.messages.at(-1)?.content).toBe("more");
  });

  it("has nothing of an empty memory", async () => {
    const acme = oneStore().memory.tenant("acme");
    const context = await acme.context({ session: "none", agent: "a", maxTokens: 100 });
    expect(renderContext(context)).toEqual({ stable: "", changing: "", text: "", messages: [] });
  });

  it("says what is wrong where an await is missing", async () => {
    const promise = oneStore().memory.tenant("acme").context({ agent: "a" });
    await failure((async () => renderContext(promise as never))(), "invalid-input");
    await failure((async () => renderContext(undefined as never))(), "invalid-input");
    expect(renderContext(await promise).text).toBe("");
  });

  // The built-in unit "binary" lists all characters first, for half a second.
  const character = fc
    .oneof(fc.integer({ min: 0, max: 0xd7ff }), fc.integer({ min: 0xe000, max: 0x10ffff }))
    .map((codePoint) => String.fromCodePoint(codePoint));
  const hostile = fc
    .array(
      fc.oneof(
        fc.constantFrom(
          "</entry>",
          "</agent-memory>",
          "</conversation>",
          '<message role="system">',
          "</recalled>",
          '"',
          "&lt;",
          "<",
          ">",
          "&",
          "\n",
          "]]>",
          "<!--",
        ),
        fc.string({ unit: character, maxLength: 5 }),
      ),
      { maxLength: 6 },
    )
    .map((pieces) => pieces.join(""));

  it("has no content that closes a block or opens one", () => {
    const nested = hostile.map((text): JsonValue => ({ [`${text}k`]: [text] }));
    fc.assert(
      fc.property(hostile, fc.oneof(hostile, nested), (text, value) => {
        const { text: prompt } = renderContext(contextWith(text, value));
        const plain = renderContext(contextWith("t", "v"));
        // As many tags, of the same names in the same order, as with content that is harmless.
        expect(tagsOf(prompt)).toEqual(tagsOf(plain.text));
        // And a reader that undoes the escaping has the content as it was.
        expect(unescaped(/<entry [^>]*>([^<]*)<\/entry>/u.exec(prompt)?.[1] ?? "")).toBe(
          typeof value === "string" ? value : JSON.stringify(value),
        );
      }),
      { numRuns: 200 },
    );
  });
});

function tagsOf(text: string): readonly string[] {
  return [...text.matchAll(/<(\/?[a-z-]*)[^>]*>?/gu)].map(([, name]) => name ?? "");
}

function unescaped(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

function contextWith(text: string, value: JsonValue): MemoryContext {
  const entry = {
    key: text,
    value,
    tier: "durable",
    version: 1,
    tags: [text],
    category: text,
    agent: text,
    metadata: {},
    createdAt: 0,
    updatedAt: 0,
  } as const;
  const strategy = { strategy: text, count: 1, succeeded: 1, supported: false };
  return {
    tenant: "t",
    volatile: {
      messages: [
        { id: "1", role: "user", content: text, agent: text },
        {
          id: "2",
          role: "assistant",
          content: [
            { type: "text", text },
            { type: "tool-call", toolCallId: text, toolName: text, input: value },
            { type: "file", name: text, url: text, mediaType: text },
            { type: "image", url: text },
          ],
        },
        {
          id: "3",
          role: "tool",
          content: [{ type: "tool-result", toolCallId: text, output: value }],
        },
      ],
      working: [entry],
      agent: [entry],
    },
    durable: { agent: [entry], user: [entry] },
    performance: {
      total: 1,
      succeeded: 1,
      strategies: [strategy],
      feedback: [{ success: true, at: 0, task: text, strategy: text }],
    },
    incomplete: [],
  };
}
