import { isEvent, type StoredEvent, type ViewStrategy } from "@relevo/core";
import { createMemory, type Session } from "@relevo/memory";
import { assistant, call, result, tool, user } from "@relevo/random-conversations";
import { createMemoryStore } from "@relevo/store-memory";
import { describe, expect, it } from "vitest";
import {
  compose,
  estimateCounter,
  expand,
  expandArray,
  type SummarizeOptions,
  summarize,
  tokenBudget,
} from "../src/index.ts";
import { recordingSummarizer, textsOf, turns } from "./support/summarizers.ts";

const heading = "Summary of the conversation so far:\n";

/** A session whose view summarizes above eight messages and keeps four. */
function fixture(options: Partial<SummarizeOptions> = {}) {
  const store = createMemoryStore({ sweepIntervalMs: 0 });
  const summarizer = recordingSummarizer();
  const strategy = summarize({ trigger: { messages: 8 }, keep: { messages: 4 }, summarizer, ...options });
  const acme = createMemory({ store, view: strategy }).tenant("acme");
  return { store, summarizer, strategy, acme, session: acme.session("chat") };
}

async function summaries(session: Session): Promise<(StoredEvent & { readonly type: "summary" })[]> {
  const { events } = await session.events({ types: ["summary"], retracted: "include" });
  return events.filter(
    (event): event is StoredEvent & { readonly type: "summary" } => event.type === "summary",
  );
}

describe("summarize", () => {
  it("changes nothing up to its trigger", async () => {
    const { session, summarizer } = fixture();
    await session.append(turns(1, 4));
    expect(await session.view()).toMatchObject({ compacted: false, summarized: [], dropped: [], version: 8 });
    expect(summarizer.requests).toEqual([]);
  });

  it("puts a summary in place of what is old, appends it, and asks for it once", async () => {
    const { session, summarizer } = fixture();
    await session.append([{ role: "system", content: "rules" }, ...turns(1, 5)]);
    const view = await session.view();
    expect(textsOf(view.messages)).toEqual(["rules", `${heading}q1..a3`, "q4", "a4", "q5", "a5"]);
    expect(view).toMatchObject({
      seqs: [1, 12, 8, 9, 10, 11],
      version: 12,
      compacted: true,
      summarized: [{ from: 2, to: 7 }],
      dropped: [],
    });
    expect(await session.view()).toEqual(view);
    expect(summarizer.requests).toHaveLength(1);
    expect(summarizer.requests[0]).toMatchObject({ maxTokens: 1000 });

    const [event] = await summaries(session);
    expect(event).toMatchObject({
      seq: 12,
      derivedFrom: [{ from: 2, to: 7 }],
      body: {
        text: "q1..a3",
        strategy: "summarize(trigger=8 messages, keep=4 messages, recording)",
        sourceHash: expect.stringMatching(/^[\w-]{43}$/),
        tokensBefore: turns(1, 3).reduce((sum, message) => sum + estimateCounter().countMessage(message), 0),
      },
    });
  });

  it("continues the summary before: the newer stands for what the older did", async () => {
    const { session, summarizer } = fixture();
    await session.append(turns(1, 5));
    await session.view();
    await session.append(turns(6, 8));
    const view = await session.view();
    expect(textsOf(view.messages)).toEqual([`${heading}q1..a3+q4..a6`, "q7", "a7", "q8", "a8"]);
    expect(view.summarized).toEqual([{ from: 1, to: 13 }]);
    expect(summarizer.requests[1]).toMatchObject({ previous: "q1..a3" });
    expect(textsOf(summarizer.requests[1]?.messages ?? [])).toEqual(["q4", "a4", "q5", "a5", "q6", "a6"]);
    expect(await summaries(session)).toHaveLength(2);
  });

  it("gives the originals back", async () => {
    const { session, store } = fixture();
    await session.append([...turns(1, 2), { role: "user", content: "never mind" }]);
    await session.popMessage();
    await session.append(turns(3, 5));
    const view = await session.view();
    const [seq = 0] = view.seqs;
    const originals = await expand(store.log, session, seq);
    const texts = originals.map((event) => (isEvent(event, "message") ? event.body.content : "?"));
    expect(texts).toEqual(["q1", "a1", "q2", "a2", "q3", "a3"]);

    const [event] = await summaries(session);
    await session.erase({ seqs: [2] });
    const rest = await expand(store.log, session, event as StoredEvent);
    expect(rest.map(({ erasedAt }) => erasedAt !== undefined)).toEqual([
      false,
      true,
      false,
      false,
      false,
      false,
    ]);
    await expect(expand(store.log, session, seq)).rejects.toMatchObject({ code: "not-found" });
    await expect(expand(store.log, session, 1)).rejects.toMatchObject({ code: "not-found" });
  });

  it("does not take another session for the one that was deleted", async () => {
    const { session, store } = fixture();
    await session.append(turns(1, 5));
    const [seq = 0] = (await session.view()).seqs;
    const [event] = await summaries(session);
    expect(await expand(store.log, session, seq)).not.toEqual([]);
    await store.log.delete(session.address);
    await store.log.append(session.address, [
      { type: "message", body: { role: "user", content: "another" } },
    ]);
    for (const named of [seq, event as StoredEvent]) {
      await expect(expand(store.log, session, named)).rejects.toMatchObject({ code: "history-lost" });
    }
  });

  it("is made anew without a message that was erased", async () => {
    const { session, summarizer } = fixture();
    await session.append(turns(1, 5));
    await session.view();
    await session.erase({ seqs: [2] });
    const view = await session.view();
    expect(textsOf(view.messages)).toEqual([`${heading}q1..a3`, "q4", "a4", "q5", "a5"]);
    expect(textsOf(summarizer.requests[1]?.messages ?? [])).toEqual(["q1", "q2", "a2", "q3", "a3"]);
    expect(view.summarized).toEqual([
      { from: 1, to: 1 },
      { from: 3, to: 6 },
    ]);
    expect(JSON.stringify((await session.events({ retracted: "include" })).events)).not.toContain('"a1"');
  });

  it("is made anew without a message that was retracted, from the summary before where that still holds", async () => {
    const { session, summarizer } = fixture();
    await session.append(turns(1, 5));
    await session.view();
    await session.append(turns(6, 8));
    await session.view();
    await session.append({ type: "retraction", body: { ranges: [{ from: 9, to: 10 }], reason: "wrong" } });
    const view = await session.view();
    // Six are left behind the first summary: fewer than the trigger.
    expect(textsOf(view.messages)).toEqual([
      `${heading}q1..a3`,
      "q4",
      "a4",
      "q6",
      "a6",
      "q7",
      "a7",
      "q8",
      "a8",
    ]);
    await session.append(turns(9, 9));
    expect(textsOf((await session.view()).messages)[0]).toBe(`${heading}q1..a3+q4..a7`);
    expect(summarizer.requests[2]).toMatchObject({ previous: "q1..a3" });
  });

  it("is made anew after its own event was erased", async () => {
    const { session, summarizer } = fixture();
    await session.append(turns(1, 5));
    const [seq = 0] = (await session.view()).seqs;
    await session.erase({ seqs: [seq] });
    const view = await session.view();
    expect(textsOf(view.messages)[0]).toBe(`${heading}q1..a3`);
    expect(view.seqs[0]).toBeGreaterThan(seq);
    expect(await session.view()).toEqual(view);
    expect(summarizer.requests).toHaveLength(2);
  });

  it("leaves pinned messages where they are", async () => {
    const { session, store } = fixture();
    await session.append([
      ...turns(1, 1),
      { type: "message", body: { role: "user", content: "remember me" }, pinned: true },
      ...turns(2, 5),
    ]);
    const view = await session.view();
    expect(textsOf(view.messages)).toEqual([`${heading}q1..a3`, "remember me", "q4", "a4", "q5", "a5"]);
    expect(view.summarized).toEqual([
      { from: 1, to: 2 },
      { from: 4, to: 7 },
    ]);
    expect(view.dropped).toEqual([]);
    const [event] = await summaries(session);
    expect(await expand(store.log, session, event as StoredEvent)).toHaveLength(6);
    await session.append(turns(6, 8));
    expect(textsOf((await session.view()).messages).slice(0, 2)).toEqual([
      `${heading}q1..a3+q4..a6`,
      "remember me",
    ]);
  });

  it("keeps the user's message of a turn whose begin it stands for, and covers it later", async () => {
    const { session } = fixture();
    const steps = (from: number, to: number) =>
      Array.from({ length: to - from + 1 }, (_, index) => ({
        role: "assistant" as const,
        content: `step ${index + from}`,
      }));
    await session.append([{ role: "user", content: "go" }, ...steps(1, 9)]);
    const view = await session.view();
    expect(textsOf(view.messages)).toEqual([`${heading}step 1..step 6`, "go", "step 7", "step 8", "step 9"]);
    expect(view.summarized).toEqual([{ from: 2, to: 7 }]);
    await session.append([...steps(10, 10), ...turns(1, 3)]);
    const next = await session.view();
    expect(textsOf(next.messages)).toEqual([`${heading}step 1..step 6+go..a1`, "q2", "a2", "q3", "a3"]);
    expect(next.dropped).toEqual([]);
    expect(next.summarized).toEqual([{ from: 1, to: 14 }]);
  });

  it("takes in a result that comes when its call was summarized", async () => {
    const { session, summarizer, store } = fixture();
    await session.append([user("pay"), assistant(call("pay-1")), ...turns(1, 4)]);
    expect((await session.view()).summarized).toEqual([{ from: 1, to: 6 }]);
    await session.append([tool(result("pay-1", "paid")), ...turns(5, 5)]);
    const waiting = await session.view();
    expect(waiting.dropped).toEqual([{ from: 12, to: 12, reason: "orphan-result" }]);
    await session.append(turns(6, 7));
    const view = await session.view();
    expect(view.dropped).toEqual([]);
    expect(summarizer.requests[1]?.messages[0]).toMatchObject({
      role: "tool",
      content: [{ output: "paid" }],
    });
    const originals = await expand(store.log, session, view.seqs[0] ?? 0);
    expect(originals.map(({ seq }) => seq)).toContain(12);
  });

  it("lets the summarizer see what comes behind, and vanishes with it", async () => {
    const { session, summarizer } = fixture({ overlap: 2 });
    await session.append(turns(1, 5));
    const view = await session.view();
    expect(textsOf(summarizer.requests[0]?.messages ?? [])).toEqual([
      "q1",
      "a1",
      "q2",
      "a2",
      "q3",
      "a3",
      "q4",
      "a4",
    ]);
    expect(view.summarized).toEqual([{ from: 1, to: 6 }]);
    expect(textsOf(view.messages).slice(1)).toEqual(["q4", "a4", "q5", "a5"]);
    await session.erase({ seqs: [8] });
    const [event] = await summaries(session);
    expect(event?.erasedAt).toBeDefined();
  });

  it("goes through a long history in pieces", async () => {
    const { session, summarizer } = fixture({ chunkMessages: 10 });
    await session.append(turns(1, 20));
    const view = await session.view();
    expect(summarizer.requests.map(({ messages }) => messages.length)).toEqual([10, 10, 10, 6]);
    expect(summarizer.requests[3]?.previous).toBe("q1..a5+q6..a10+q11..a15");
    expect(view.summarized).toEqual([{ from: 1, to: 36 }]);
    expect(await summaries(session)).toHaveLength(1);
  });

  it("makes at most ten calls in a view, and goes on in the next", async () => {
    const { session, summarizer } = fixture({ chunkMessages: 2 });
    await session.append(turns(1, 20));
    expect((await session.view()).summarized).toEqual([{ from: 1, to: 20 }]);
    expect(summarizer.requests).toHaveLength(10);
    expect((await session.view()).summarized).toEqual([{ from: 1, to: 36 }]);
    expect(summarizer.requests).toHaveLength(18);
  });
});

describe("several processes that summarize at once", () => {
  it("write one summary and show the same", async () => {
    const { store } = fixture();
    const words = ["mine", "yours"];
    const waiting: (() => void)[] = [];
    const views = words.map((word) => {
      const summarizer = {
        name: "s",
        // Each waits until the other has begun as well.
        summarize: () =>
          new Promise<string>((resolve) => {
            waiting.push(() => resolve(word));
            if (waiting.length === words.length) for (const go of waiting) go();
          }),
      };
      const view = summarize({ trigger: { messages: 8 }, keep: { messages: 4 }, summarizer });
      return createMemory({ store, view }).tenant("acme").session("chat");
    });
    const [mine, yours] = views as [Session, Session];
    await mine.append(turns(1, 5));
    const [one, other] = await Promise.all([mine.view(), yours.view()]);
    expect(one).toEqual(other);
    expect(await summaries(mine)).toHaveLength(1);
    expect(textsOf(one.messages)).toEqual([expect.stringContaining(heading), "q4", "a4", "q5", "a5"]);
  });

  it("use what was paid for when somebody else writes a message meanwhile", async () => {
    const { store, acme } = fixture();
    const summarizer = {
      name: "s",
      calls: 0,
      async summarize() {
        this.calls++;
        await acme.session("chat").append({ role: "user", content: "meanwhile" });
        return "short";
      },
    };
    const view = summarize({ trigger: { messages: 8 }, keep: { messages: 4 }, summarizer });
    const session = createMemory({ store, view }).tenant("acme").session("chat");
    await session.append(turns(1, 5));
    const shown = await session.view();
    expect(summarizer.calls).toBe(1);
    expect(textsOf(shown.messages)).toEqual([`${heading}short`, "q4", "a4", "q5", "a5", "meanwhile"]);
    expect(shown.notices).toBeUndefined();
    expect(await summaries(session)).toHaveLength(1);
  });

  it("do not use it when a message that it stands for was erased meanwhile", async () => {
    const { store, acme } = fixture();
    const seen: string[][] = [];
    const view = summarize({
      trigger: { messages: 8 },
      keep: { messages: 4 },
      summarizer: {
        name: "s",
        async summarize({ messages }) {
          seen.push(textsOf(messages));
          if (seen.length > 1) return "second";
          await acme.session("chat").append({ role: "user", content: "meanwhile" });
          await acme.session("chat").erase({ seqs: [1] });
          return "knows q1";
        },
      },
    });
    const session = createMemory({ store, view }).tenant("acme").session("chat");
    await session.append(turns(1, 5));
    const shown = await session.view();
    expect(seen.flat().filter((text) => text === "q1")).toHaveLength(1);
    // With a border: ids and tokens are random text, which may hold two given letters.
    expect(JSON.stringify(shown)).not.toMatch(/["\s]q1"/);
    expect(JSON.stringify(await session.events())).not.toMatch(/["\s]q1"/);
  });
});

describe("a summarizer that fails", () => {
  const cases = {
    throws: async () => Promise.reject(new Error("quota")),
    "returns nothing": async () => "  \n",
    "returns something else": async () => undefined as unknown as string,
    "does not answer": () => new Promise<string>(() => {}),
    "writes a novel": async () => "word ".repeat(5_000),
  };
  for (const [name, answer] of Object.entries(cases)) {
    it(`loses nothing when it ${name}`, async () => {
      const { session } = fixture({ timeoutMs: 20, summarizer: { name: "broken", summarize: answer } });
      await session.append(turns(1, 5));
      const view = await session.view();
      expect(textsOf(view.messages)).toEqual(textsOf(turns(1, 5)));
      expect(view.notices).toEqual([expect.stringMatching(/^summarize: broken /)]);
      expect(view).toMatchObject({ compacted: false, summarized: [], dropped: [] });
      expect(await summaries(session)).toEqual([]);
    });
  }

  it("keeps the pieces that were done", async () => {
    let calls = 0;
    const { session } = fixture({
      chunkMessages: 2,
      summarizer: {
        name: "weak",
        summarize: async () => {
          if (++calls > 2) throw new Error("tired");
          return `part ${calls}`;
        },
      },
    });
    await session.append(turns(1, 5));
    const view = await session.view();
    expect(textsOf(view.messages)).toEqual([`${heading}part 2`, ...textsOf(turns(3, 5))]);
    expect(view.notices).toEqual(["summarize: weak failed: tired; the messages stay as they are."]);
  });

  it("is bounded by a budget behind it", async () => {
    const strategy = compose(
      summarize({
        trigger: { messages: 8 },
        keep: { messages: 4 },
        summarizer: { name: "broken", summarize: async () => "" },
      }),
      tokenBudget({ maxTokens: 40 }),
    );
    const { session } = fixture();
    await session.append(turns(1, 50));
    const view = await session.view({ strategy });
    expect(view.tokens).toBeLessThanOrEqual(40);
    expect(view.notices).toHaveLength(1);
    expect(view.dropped).toEqual([{ from: 1, to: expect.any(Number), reason: "budget" }]);
  });

  it("ends with the caller's signal", async () => {
    const abort = new AbortController();
    const { session } = fixture({
      summarizer: {
        name: "slow",
        summarize: () => {
          abort.abort();
          return new Promise(() => {});
        },
      },
    });
    await session.append(turns(1, 5));
    await expect(session.view({ signal: abort.signal })).rejects.toMatchObject({ code: "aborted" });
  });
});

describe("a log that takes no summary", () => {
  it("has it in this view only", async () => {
    const { session, store } = fixture();
    await session.append(turns(1, 5));
    await store.log.seal?.(session.address);
    const view = await session.view();
    expect(textsOf(view.messages)).toEqual([`${heading}q1..a3`, "q4", "a4", "q5", "a5"]);
    expect(view.seqs[0]).toBeUndefined();
    expect(view.notices).toEqual([
      "summarize: the summary could not be kept (conflict), and is in this view only.",
    ]);
  });

  it("lets nobody write whose lease is lost", async () => {
    const { session, acme } = fixture();
    await session.append(turns(1, 5));
    const lease = await acme.session("chat").lease();
    await lease.release();
    await acme.session("chat").lease();
    await expect(session.view({ fence: lease.fence })).rejects.toMatchObject({
      code: "conflict",
      details: { conflict: "fence" },
    });
  });

  it("is a plain array: each view makes its own", async () => {
    const { strategy, summarizer } = fixture();
    const view = await strategy.apply([{ role: "system", content: "rules" }, ...turns(1, 5)]);
    expect(textsOf(view.messages)).toEqual(["rules", `${heading}q1..a3`, "q4", "a4", "q5", "a5"]);
    expect(view).toMatchObject({
      seqs: [1, undefined, 8, 9, 10, 11],
      summarized: [{ from: 2, to: 7 }],
      dropped: [],
    });
    expect(summarizer.requests).toHaveLength(1);
    expect(
      textsOf(expandArray([{ role: "system", content: "rules" }, ...turns(1, 5)], view.summarized)),
    ).toEqual(textsOf(turns(1, 3)));
  });

  it("may take it without showing what others wrote meanwhile", async () => {
    const { strategy, session } = fixture();
    await session.append(turns(1, 5));
    const blind: ViewStrategy = {
      name: "blind",
      view: (source, options) => {
        const { latest: _latest, ...rest } = source;
        return strategy.view(rest, options);
      },
    };
    const view = await session.view({ strategy: blind });
    expect(textsOf(view.messages)).toEqual([`${heading}q1..a3`, "q4", "a4", "q5", "a5"]);
    expect(view).toMatchObject({ seqs: [11, 7, 8, 9, 10], version: 10 });
    expect((await session.view()).messages).toEqual(view.messages);
  });
});

describe("a summary with a budget behind it", () => {
  it("is dropped when nothing else fits", async () => {
    const long = `${"word ".repeat(60)}`;
    const strategy = compose(
      summarize({
        trigger: { messages: 8 },
        keep: { messages: 4 },
        summarizer: { name: "long", summarize: async () => long },
      }),
      tokenBudget({ maxTokens: 50 }),
    );
    const { session } = fixture();
    await session.append(turns(1, 5));
    const view = await session.view({ strategy });
    expect(textsOf(view.messages)).toEqual(["q4", "a4", "q5", "a5"]);
    expect(view).toMatchObject({ summarized: [], dropped: [{ from: 1, to: 6, reason: "budget" }] });
  });

  it("that another program wrote counts as well", async () => {
    const { session } = fixture();
    await session.append(turns(1, 3));
    await session.append({
      type: "summary",
      derivedFrom: [{ from: 1, to: 4 }],
      body: { text: "foreign", sourceHash: "h", strategy: "other", tokensBefore: 9, tokensAfter: 3 },
    });
    const view = await session.view();
    expect(textsOf(view.messages)).toEqual([`${heading}foreign`, "q3", "a3"]);
    expect(view).toMatchObject({ seqs: [7, 5, 6], summarized: [{ from: 1, to: 4 }], dropped: [] });
  });
});
