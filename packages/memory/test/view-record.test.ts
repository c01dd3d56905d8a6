import type { Message, View, ViewStrategy } from "@relevo/core";
import { describe, expect, it } from "vitest";
import { createMemory } from "../src/index.ts";
import { assistant, failure, oneStore, user } from "./fixture.ts";

/** Shows the newest messages, the newest summary before them, a hint, and the last message shouted. */
const shouting: ViewStrategy = {
  name: "shouting(2)",
  async view(source): Promise<View> {
    const events = [...(await source.readBackward({ limit: 100 }))].reverse();
    const summary = events.findLast(({ type }) => type === "summary");
    const said = events.flatMap(({ seq, type, body }) =>
      type === "message" && body !== undefined ? [{ seq, message: body }] : [],
    );
    const last = said.at(-1);
    const text = summary?.type === "summary" ? summary.body?.text : undefined;
    const parts: { readonly seq?: number; readonly message: Message }[] = [
      { message: { role: "system", content: "Be kind." } },
      ...(text === undefined ? [] : [{ message: { role: "user", content: `So far:\n${text}` } as const }]),
      ...said.slice(-3, -1),
      ...(last === undefined
        ? []
        : [{ seq: last.seq, message: { ...last.message, content: `${last.message.content}!` } }]),
    ];
    return {
      messages: parts.map(({ message }) => message),
      seqs: parts.map(({ seq }) => seq),
      version: source.version,
      removalRevision: source.removalRevision,
      compacted: true,
      dropped: said.slice(0, -3).map(({ seq }) => ({ from: seq, to: seq, reason: "window" })),
      summarized: [{ from: 1, to: 1 }],
      tokens: 42,
    };
  },
};

function summaryOf(text: string) {
  const body = { text, sourceHash: "h", strategy: "s", tokensBefore: 9, tokensAfter: 2 };
  return { type: "summary", derivedFrom: [{ from: 1, to: 1 }], body } as const;
}

function open(strategy: ViewStrategy = shouting) {
  const on = oneStore({ view: strategy });
  return { ...on, session: on.memory.tenant("acme").session("chat") };
}

describe("a recorded view", () => {
  it("is explained exactly as it was shown, also after what was shown is retracted", async () => {
    const { session } = open();
    await session.append([
      user("one"),
      summaryOf("They began."),
      user("two"),
      assistant("three"),
      user("four"),
    ]);
    const view = await session.view({ record: { agent: "writer", recalled: [document] } });
    await session.append(assistant("five"));
    await session.clear();
    const explained = await session.explain(6);
    expect(explained?.messages.map(({ message }) => message)).toEqual(view.messages);
    expect(explained?.messages.map(({ kind, seq }) => `${kind} ${seq ?? ""}`)).toEqual([
      "made ",
      "summary 2",
      "message 3",
      "message 4",
      "changed 5",
    ]);
    expect(explained).toMatchObject({
      version: 5,
      strategy: "shouting(2)",
      agent: "writer",
      dropped: view.dropped,
      summarized: view.summarized,
      tokens: 42,
      recalled: [document],
      complete: true,
    });
  });

  it("moves no version, and is not kept unless asked for", async () => {
    const { session, store } = open();
    await session.append(user("one"));
    const kept = async () => (await store.documents.find(session.address)).items.length;
    await session.view();
    await session.view({ record: false });
    expect(await kept()).toBe(0);
    const before = await session.head();
    const view = await session.view({ record: true });
    expect(await kept()).toBe(1);
    expect(await session.head()).toMatchObject({ version: 1, updatedAt: before?.updatedAt });
    await session.append(assistant("two"), { expectedVersion: view.version });
  });

  it("names ranges of the log and no words, when all it shows is in the log", async () => {
    const on = oneStore();
    const session = on.memory.tenant("acme").session("chat");
    await session.append([user("a secret"), assistant("two")]);
    await session.view({ record: true });
    const { items } = await on.store.documents.find(session.address);
    expect(items[0]?.value).toMatchObject({ shown: [{ from: 1, to: 2 }], strategy: "whole" });
    expect(JSON.stringify(items)).not.toContain("secret");
  });

  it("goes with what its words repeat, and says what is gone of the rest", async () => {
    const whole = oneStore();
    const plain = whole.memory.tenant("acme").session("chat");
    await plain.append([user("secret"), user("two")]);
    await plain.view({ record: true });
    await plain.erase({ seqs: [1] });
    expect(await plain.explain(3)).toMatchObject({
      messages: [{ seq: 1, missing: "gone" }, { seq: 2 }],
      complete: false,
    });

    const { session, store } = open();
    await session.append([user("one"), user("secret")]);
    await session.view({ record: true });
    await session.erase({ seqs: [2] });
    expect(JSON.stringify((await store.documents.find(session.address)).items)).not.toContain("secret");
    expect(await session.explain(3)).toBeUndefined();
  });

  it("is the newest one of what was there before the event, of an agent if one is named", async () => {
    const { session } = open();
    await session.append(user("one"));
    await session.view({ record: { agent: "a" } });
    await session.append(assistant("two"));
    for (let count = 0; count < 25; count++) await session.view({ record: { agent: "b" } });
    await session.append(assistant("three"));
    const of = async (seq: number, agent?: string) => {
      const found = await session.explain(seq, agent === undefined ? {} : { agent });
      return found && `${found.agent} at ${found.version}`;
    };
    expect(await of(1)).toBeUndefined();
    expect(await of(2)).toBe("a at 1");
    expect(await of(3)).toBe("b at 2");
    expect(await of(3, "a")).toBe("a at 1");
    expect(await of(3, "c")).toBeUndefined();
  });

  it("that cannot be written is a notice, and the view is shown", async () => {
    const { memory, store } = oneStore();
    const documents = new Proxy(store.documents, {
      get: (target, name) =>
        name === "put"
          ? () => Promise.reject(new Error("disk full"))
          : Reflect.get(target, name).bind(target),
    });
    const broken = createMemory({ store: { log: store.log, documents, limits: store.limits } as never });
    await memory.tenant("acme").session("chat").append(user("one"));
    const view = await broken.tenant("acme").session("chat").view({ record: true });
    expect(view.messages).toHaveLength(1);
    expect(view.notices?.[0]).toContain("could not be recorded: Error: disk full");
  });

  it("of a session that does not exist creates none", async () => {
    const { session } = open();
    await session.view({ record: true });
    expect(await session.head()).toBeUndefined();
    expect(await session.explain(1)).toBeUndefined();
  });

  it("lives as long as it says", async () => {
    const { session, clock } = open();
    await session.append(user("one"));
    await session.view({ record: { ttlMs: 1000 } });
    clock.advance(1001);
    expect(await session.explain(2)).toBeUndefined();
  });

  it("refuses what no record can be made of", async () => {
    const { session } = open();
    await session.append(user("one"));
    await failure(session.view({ record: { recalled: [() => 1] as never } }), "invalid-input");
    await failure(session.view({ record: { ttlMs: -1 } }), "invalid-input");
    await failure(session.explain(0), "invalid-input");
  });

  it("leaves out what is too large, and says so", async () => {
    const { session } = open();
    await session.append([user("one"), user("x".repeat(70_000))]);
    await session.view({ record: true });
    expect(await session.explain(3)).toMatchObject({
      messages: [{ kind: "made" }, { seq: 1 }, { seq: 2, kind: "changed", missing: "too-large" }],
      complete: false,
    });
  });
});

const document = { kind: "document", namespace: ["facts"], key: "price", version: 7 } as const;
