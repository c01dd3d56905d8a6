import type { Message } from "@relevo/core";
import { createMemory, type Session } from "@relevo/memory";
import { missingResult, prompting } from "@relevo/messages";
import { assistant, call, result, system, tool, user } from "@relevo/random-conversations";
import { createMemoryStore } from "@relevo/store-memory";
import { describe, expect, it } from "vitest";
import { compose, extractiveSummarizer, summarize, tokenBudget, window } from "../src/index.ts";
import { textsOf, turns } from "./support/summarizers.ts";

const exact = (messages: number) => window({ messages, low: messages });

function fixture(view = exact(4)): { readonly session: Session; readonly reads: { events: number } } {
  const store = createMemoryStore({ sweepIntervalMs: 0 });
  const reads = { events: 0 };
  const counted = Object.create(store.log, {
    read: {
      value: async (...args: Parameters<typeof store.log.read>) => {
        const page = await store.log.read(...args);
        reads.events += page.events.length;
        return page;
      },
    },
  }) as typeof store.log;
  const memory = createMemory({
    store: { ...store, limits: store.limits, log: counted, documents: store.documents },
    view,
  });
  return { session: memory.tenant("acme").session("chat"), reads };
}

describe("a session's view", () => {
  it("comes from the memory's strategy, or the call's", async () => {
    const { session } = fixture();
    await session.append([system("rules"), ...turns(1, 5)]);
    expect(textsOf((await session.view()).messages)).toEqual(["rules", "q4", "a4", "q5", "a5"]);
    expect((await session.view({ strategy: exact(2) })).messages).toHaveLength(3);
    expect(await session.messages()).toHaveLength(11);
  });

  it("holds only what is effective, and says what was erased", async () => {
    const { session } = fixture(exact(6));
    await session.append(turns(1, 4));
    await session.undo(1);
    await session.erase({ seqs: [6] });
    const view = await session.view();
    expect(textsOf(view.messages)).toEqual(["q1", "a1", "q2", "a2", "q3", "q4"]);
    expect(view).toMatchObject({ compacted: false, dropped: [{ from: 6, to: 6, reason: "erased" }] });
  });

  it("is not stopped by a call that a crash left open, and takes the result when it comes", async () => {
    const { session } = fixture(exact(8));
    await session.append([user("pay"), assistant(call("pay-1"))]);
    const open = await session.view();
    expect(open.messages.at(-1)).toMatchObject({ role: "tool", content: [{ output: missingResult }] });
    await session.append(user("well?"));
    await session.append(tool(result("pay-1", "paid")));
    const late = await session.view();
    expect(late.seqs).toEqual([1, 2, 4, 3]);
    expect(late.messages[2]).toMatchObject({ content: [{ output: "paid" }] });
  });

  it("reads as much as it shows, however long the log is", async () => {
    const counts: number[] = [];
    for (const length of [1, 10]) {
      const { session, reads } = fixture(compose(window({ messages: 60 }), tokenBudget({ maxTokens: 4000 })));
      for (let page = 0; page < length; page++) await session.append(turns(1, 500));
      reads.events = 0;
      await session.view();
      counts.push(reads.events);
    }
    expect(counts[0]).toBe(counts[1]);
    expect(counts[0]).toBeLessThan(300);
  });

  it("reads up to the newest summary and no further", async () => {
    const strategy = summarize({
      trigger: { messages: 40 },
      keep: { messages: 20 },
      summarizer: extractiveSummarizer(),
    });
    const { session, reads } = fixture(strategy);
    for (let page = 0; page < 5; page++) {
      await session.append(turns(1, 200));
      await session.view();
    }
    reads.events = 0;
    const { summarized } = await session.view();
    expect(summarized).toHaveLength(1);
    expect(reads.events).toBeLessThan(100);
  });

  it("keeps a pinned message from the far past without reading its way there", async () => {
    const { session, reads } = fixture();
    await session.append([{ type: "message", body: user("I am allergic to nuts"), pinned: true }]);
    for (let page = 0; page < 4; page++) await session.append(turns(1, 500));
    reads.events = 0;
    const view = await session.view();
    expect(textsOf(view.messages)[0]).toBe("I am allergic to nuts");
    expect(view.dropped).toEqual([{ from: 2, to: 3997, reason: "window" }]);
    expect(reads.events).toBeLessThan(100);
  });

  it("has a begin that stays byte for byte over most turns", async () => {
    const { session } = fixture(tokenBudget({ maxTokens: 2000 }));
    let before: readonly string[] = [];
    let kept = 0;
    const total = 200;
    for (let turn = 1; turn <= total; turn++) {
      await session.append(turns(turn, turn));
      const now = (await session.view()).messages.map((message) => JSON.stringify(message));
      if (before.every((message, index) => message === now[index])) kept++;
      before = now;
    }
    expect(kept / total).toBeGreaterThan(0.9);
  });
});

describe("a view for one provider", () => {
  const search = { type: "native", format: "openai-responses", item: { type: "web_search_call" } } as const;
  const compaction: Message = {
    role: "assistant",
    content: [],
    native: { format: "openai-responses", item: { type: "compaction" } },
  };

  it("shows the items that were made for it; any other says what it leaves out, and why", async () => {
    const { session } = fixture(exact(10));
    const history = [user("q"), assistant(search, "Found."), compaction, user("more")];
    await session.append(history);
    const own = await session.view({ for: "openai-responses" });
    expect(own.messages.map(({ content }) => content)).toEqual(history.map(({ content }) => content));
    expect(own).toMatchObject({ seqs: [1, 2, 3, 4], dropped: [], compacted: false });
    expect(own.notices).toBeUndefined();

    for (const other of [await session.view(), await session.view({ for: "gemini" })]) {
      expect(other.seqs).toEqual([1, 2, 4]);
      expect(other.dropped).toEqual([{ from: 3, to: 3, reason: "other-provider" }]);
      expect(other.notices).toEqual([expect.stringMatching(/^1 native part made for openai-responses/)]);
    }
  });

  it("counts the items in its budget: by their own tokens, or by their JSON", async () => {
    const { session } = fixture(tokenBudget({ maxTokens: 400 }));
    await session.append([user("q"), assistant({ ...search, tokens: 300 }, "Found.")]);
    expect((await session.view({ for: "openai-responses" })).tokens).toBeGreaterThan(300);
    expect((await session.view()).tokens).toBeLessThan(50);
    await session.append([user("more"), assistant({ ...search, item: "opaque ".repeat(500) }, "Again.")]);
    await expect(session.view({ for: "openai-responses" })).rejects.toMatchObject({
      code: "budget-exceeded",
    });
  });

  it("ends with the user where the model takes no last message of the assistant", async () => {
    const { session } = fixture(exact(10));
    await session.append([user("q"), assistant("a \n")]);
    const refused = await session.view({ prefill: "refused" });
    expect(refused.messages.at(-1)).toEqual(user(prompting));
    expect(refused.seqs).toEqual([1, 2, undefined]);
    expect((await session.view({ prefill: "continued" })).messages.at(-1)).toMatchObject(assistant("a"));
    expect((await session.view()).messages.at(-1)).toMatchObject(assistant("a \n"));
  });

  it("works on arrays, and refuses a provider that there is not", async () => {
    const view = await exact(10).apply([user("q"), assistant(search)], { for: "openai-responses" });
    expect(view.messages).toHaveLength(2);
    await expect(exact(10).apply([], { for: "openai" } as object)).rejects.toThrow("for");
  });
});
