import {
  isEvent,
  MemoryError,
  type StoredEvent,
  type View,
  type ViewSource,
  type ViewStrategy,
} from "@relevo/core";
import { describe, expect, it } from "vitest";
import { createMemory } from "../src/index.ts";
import { assistant, failure, oneStore, texts, user } from "./fixture.ts";

/** Shows what the source hands out; what a test looks at is in `seen`. */
function spying(look: (source: ViewSource) => Promise<void>): ViewStrategy {
  return {
    name: "spy",
    async view(source): Promise<View> {
      await look(source);
      return {
        messages: [],
        seqs: [],
        version: source.version,
        removalRevision: source.removalRevision,
        compacted: true,
        dropped: [],
        summarized: [],
      };
    },
  };
}

const seqs = (events: readonly StoredEvent[]): number[] => events.map((event) => event.seq);

describe("a view", () => {
  it("without a strategy is every effective message, with seqs, and what was erased as dropped", async () => {
    const session = oneStore().memory.tenant("acme").session();
    expect(await session.view()).toEqual({
      messages: [],
      seqs: [],
      version: 0,
      removalRevision: 0,
      compacted: false,
      dropped: [],
      summarized: [],
    });
    await session.append([user("1"), user("2"), assistant("3"), user("4")]);
    await session.popMessage();
    await session.recordExecution({ output: 1 });
    await session.erase({ seqs: [2] });
    const view = await session.view();
    expect(texts(view.messages)).toEqual(["1", "3"]);
    expect(view).toMatchObject({
      seqs: [1, 3],
      compacted: false,
      dropped: [{ from: 2, to: 2, reason: "erased" }],
    });
  });

  it("without a strategy spans pages", async () => {
    const session = oneStore().memory.tenant("acme").session();
    for (let page = 0; page < 3; page++) {
      await session.append(Array.from({ length: 700 }, (_, index) => user(String(page * 700 + index))));
    }
    const { messages } = await session.view();
    expect(texts(messages)).toEqual(Array.from({ length: 2_100 }, (_, index) => String(index)));
  });

  it("comes from the memory's strategy, or from the call's", async () => {
    const named = (name: string): ViewStrategy => ({
      name,
      view: async (source) => ({
        messages: [assistant(name)],
        seqs: [undefined],
        version: source.version,
        removalRevision: source.removalRevision,
        compacted: true,
        dropped: [],
        summarized: [],
      }),
    });
    const session = oneStore({ view: named("memory") })
      .memory.tenant("acme")
      .session();
    await session.append(user("1"));
    expect(texts((await session.view()).messages)).toEqual(["memory"]);
    expect(texts((await session.view({ strategy: named("call") })).messages)).toEqual(["call"]);
  });

  it("tells the strategy what it is made for, and refuses a provider that there is not", async () => {
    const session = oneStore().memory.tenant("acme").session();
    const forms: unknown[] = [];
    const strategy: ViewStrategy = {
      name: "spy",
      view(source, { signal: _signal, ...form } = {}) {
        forms.push(form);
        return spying(async () => {}).view(source);
      },
    };
    await session.view({ strategy });
    await session.view({ strategy, for: "openai-responses", prefill: "refused" });
    expect(forms).toEqual([{}, { for: "openai-responses", prefill: "refused" }]);
    await failure(session.view({ strategy, for: "openai" } as object), "invalid-input");
  });

  it("is of one version, whatever is appended or retracted meanwhile", async () => {
    const acme = oneStore().memory.tenant("acme");
    const session = acme.session("chat");
    await session.append([{ role: "system", content: "rules" }, user("2"), user("3"), user("4")]);
    const seen: number[][] = [];
    const strategy = spying(async (source) => {
      expect(source.version).toBe(4);
      seen.push(seqs(await source.readBackward({ limit: 2 })));
      await acme.session("chat").append(user("5"));
      await acme.session("chat").undo(3);
      seen.push(seqs(await source.readBackward({ limit: 2, before: 3 })));
      seen.push(seqs(await source.readBackward({ limit: 9 })));
      seen.push(seqs(await source.pinned()));
    });
    await session.view({ strategy });
    expect(seen).toEqual([[4, 3], [2, 1], [4, 3, 2, 1], [1]]);
  });

  it("is one read when the newest page and the pinned messages below it are enough", async () => {
    const { store } = oneStore();
    const reads: unknown[] = [];
    const log = {
      ...store.log,
      read: (...call: Parameters<typeof store.log.read>) => {
        reads.push(call[1]);
        return store.log.read(...call);
      },
    };
    const { limits, documents } = store;
    const session = createMemory({ store: { limits, log, documents } }).tenant("acme").session();
    const rules = Array.from(
      { length: 102 },
      (_, index) => ({ role: "system", content: `${index}` }) as const,
    );
    await session.append([...rules.slice(0, 2), ...Array.from({ length: 98 }, () => user("m"))]);
    const seen: number[][] = [];
    const strategy = spying(async (source) => {
      seen.push(seqs(await source.readBackward({ limit: 40 })));
      seen.push(seqs(await source.readBackward({ limit: 24, before: 61 })));
      seen.push(seqs(await source.pinned()));
    });
    await session.view({ strategy });
    expect([reads.length, seen[0]?.length, seen[1]?.at(0), seen[1]?.at(-1), seen[2]]).toEqual([
      1,
      40,
      60,
      37,
      [1, 2],
    ]);
    reads.length = 0;
    await session.append(rules.slice(2));
    await session.append(user("last"));
    const pinned: number[][] = [];
    await session.view({ strategy: spying(async (source) => void pinned.push(seqs(await source.pinned()))) });
    expect([reads.length, pinned[0]?.length, pinned[0]?.[1], pinned[0]?.at(-1)]).toEqual([1, 102, 2, 200]);
    await session.view({
      strategy: spying(async (source) => {
        expect(await source.readBackward({ limit: 300 })).toHaveLength(201);
        expect(await source.readBackward({ limit: 300, before: 3 })).toHaveLength(2);
      }),
    });
  });

  it("finds all of many pinned messages", async () => {
    const session = oneStore().memory.tenant("acme").session();
    for (let index = 0; index < 300; index++) await session.append({ role: "system", content: `${index}` });
    const pinned: number[][] = [];
    await session.view({ strategy: spying(async (source) => void pinned.push(seqs(await source.pinned()))) });
    expect(pinned[0]).toEqual(Array.from({ length: 300 }, (_, index) => index + 1));
  });

  it("hands out only messages and summaries, and fewer than asked for only at the log's begin", async () => {
    const session = oneStore().memory.tenant("acme").session();
    for (let index = 0; index < 30; index++) {
      await session.append([user("m"), { type: "x-noise", body: index }, { type: "x-noise", body: index }]);
    }
    const strategy = spying(async (source) => {
      const events = await source.readBackward({ limit: 20 });
      expect(events).toHaveLength(20);
      expect(events.every((event) => isEvent(event, "message"))).toBe(true);
      expect(await source.readBackward({ limit: 20, before: events.at(-1)?.seq ?? 0 })).toHaveLength(10);
    });
    await session.view({ strategy });
  });

  it("appends a summary once, at its version, even when two processes word it differently", async () => {
    const acme = oneStore().memory.tenant("acme");
    const session = acme.session("chat");
    await session.append([user("1"), user("2"), user("3")]);
    const summarizing = (text: string): ViewStrategy =>
      spying(async (source) => {
        const body = { text, sourceHash: "h", strategy: "test", tokensBefore: 2, tokensAfter: 1 };
        const event = { type: "summary", body, derivedFrom: [{ from: 1, to: 2 }] } as const;
        expect(await source.append?.(event, "summary-1-2")).toBe(4);
      });
    await session.view({ strategy: summarizing("first") });
    await acme.session("chat").view({ strategy: summarizing("second") });
    const { events } = await session.events({ types: ["summary"] });
    expect(events.map((event) => (isEvent(event, "summary") ? event.body.text : undefined))).toEqual([
      "first",
    ]);
    // Without a strategy everything that it stands for is shown, so the summary itself is not.
    expect(texts((await session.view()).messages)).toEqual(["1", "2", "3"]);

    const late = spying(async (source) => {
      await acme.session("chat").append(user("meanwhile"));
      const body = { text: "t", sourceHash: "h", strategy: "test", tokensBefore: 2, tokensAfter: 1 };
      await source.append?.({ type: "summary", body, derivedFrom: [{ from: 3, to: 3 }] }, "summary-3-3");
    });
    const error = await failure(session.view({ strategy: late }), "conflict");
    expect(error.details.conflict).toBe("version");
  });

  it("passes a strategy's error on", async () => {
    const session = oneStore().memory.tenant("acme").session();
    const strategy = spying(() => Promise.reject(new MemoryError("budget-exceeded", "Too small.")));
    await failure(session.view({ strategy }), "budget-exceeded");
  });
});
