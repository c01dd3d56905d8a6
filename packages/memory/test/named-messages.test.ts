import type { Message } from "@relevo/core";
import { createMemoryStore } from "@relevo/store-memory";
import { describe, expect, it } from "vitest";
import { createMemory, type Session } from "../src/index.ts";
import { assistant, elsewhere, failure, oneStore, texts, user } from "./fixture.ts";

const calls = (...ids: string[]): Message => ({
  role: "assistant",
  content: ids.map((toolCallId) => ({ type: "tool-call", toolCallId, toolName: "t", input: {} })),
});
const answers = (toolCallId: string): Message => ({
  role: "tool",
  content: [{ type: "tool-result", toolCallId, output: "ok" }],
});

describe("messages", () => {
  it("carry their seq and id, and can be appended elsewhere", async () => {
    const acme = oneStore().memory.tenant("acme");
    const session = acme.session("chat");
    await session.append([{ ...user("a"), id: "m1" }, assistant("b")]);
    const messages = await session.messages();
    expect(messages).toMatchObject([
      { seq: 1, id: "m1", content: "a" },
      { seq: 2, id: expect.any(String), content: "b" },
    ]);
    const view = await session.view();
    expect(view.messages.map(({ id }) => id)).toEqual(messages.map(({ id }) => id));
    expect(view.seqs).toEqual([1, 2]);
    const copy = acme.session("copy");
    await copy.append(messages);
    await copy.append(messages, { operationId: "again" });
    const { events } = await copy.events();
    expect(events[0]?.body).toEqual(view.messages[0]);
    expect(events[2]?.body).toEqual(view.messages[0]);
  });

  it("have their seq as id when they were written without one", async () => {
    const { memory, store } = oneStore();
    await store.log.append({ tenant: "acme", session: "chat" }, [{ type: "message", body: user("x") }]);
    const session = memory.tenant("acme").session("chat");
    expect(await session.messages()).toMatchObject([{ id: "1", seq: 1 }]);
    expect(texts(await session.retract({ ids: ["1"] }))).toEqual(["x"]);
  });
});

async function chat(): Promise<Session> {
  const session = oneStore().memory.tenant("acme").session("chat");
  await session.append([
    { ...user("1"), id: "a" },
    { ...assistant("2"), id: "b" },
    { ...user("3"), id: "a" },
    { ...assistant("4"), id: "d" },
  ]);
  return session;
}

describe("retract", () => {
  it("takes all messages with these ids out and returns them", async () => {
    const session = await chat();
    expect(texts(await session.retract({ ids: ["d", "a"] }))).toEqual(["1", "3", "4"]);
    expect(texts(await session.messages())).toEqual(["2"]);
    expect(await session.retract({ ids: ["a"] })).toEqual([]);
  });

  it("takes seqs and ranges, in any order", async () => {
    const session = await chat();
    expect(texts(await session.retract({ seqs: [4, { from: 1, to: 2 }, 2] }))).toEqual(["1", "2", "4"]);
    expect(texts(await session.messages())).toEqual(["3"]);
  });

  it("is applied once under an operation id", async () => {
    const session = await chat();
    const once = { ids: ["d"], operationId: "r" };
    expect(texts(await session.retract(once))).toEqual(["4"]);
    expect(texts(await session.retract(once))).toEqual(["4"]);
    await failure(session.retract({ ids: ["b"], operationId: "r" }), "conflict");
  });

  it.each([
    ["nothing", {}, "invalid-input"],
    ["no ids", { ids: [] }, "invalid-input"],
    ["no seqs", { seqs: [] }, "invalid-input"],
    ["ids that were never set", { ids: undefined }, "invalid-input"],
    ["both", { ids: ["a"], seqs: [1] }, "invalid-input"],
    ["an id that is none", { ids: [7] }, "invalid-input"],
    ["one id that is not there", { ids: ["a", "zz"] }, "not-found"],
  ] as const)("and erase refuse %s, and change nothing", async (_, named, code) => {
    const session = await chat();
    await failure(session.retract(named as never), code);
    await failure(session.erase(named as never), code);
    expect(texts(await session.messages())).toEqual(["1", "2", "3", "4"]);
    expect((await session.head())?.removalRevision).toBe(0);
  });

  it("refuses a seq past the end, and an id of another tenant", async () => {
    const { memory } = oneStore();
    await memory
      .tenant("other")
      .session("chat")
      .append({ ...user("theirs"), id: "theirs" });
    const session = memory.tenant("acme").session("chat");
    await session.append(user("mine"));
    await failure(session.retract({ seqs: [2] }), "invalid-input");
    for (const call of [
      session.retract({ ids: ["theirs"] }),
      session.erase({ ids: ["theirs"] }),
      session.replaceFrom("theirs", user("x")),
      session.fork({ at: "theirs" }),
    ])
      await failure(call, "not-found");
    expect(texts(await memory.tenant("other").session("chat").messages())).toEqual(["theirs"]);
  });
});

describe("erase by ids", () => {
  it("removes the content of all messages with the id, retracted ones too", async () => {
    const session = await chat();
    await session.retract({ ids: ["a"] });
    expect((await session.erase({ ids: ["a"] })).erased).toEqual([1, 3]);
    await failure(session.erase({ ids: ["a"] }), "not-found");
  });
});

describe("replaceFrom", () => {
  it("rewrites the end in one step", async () => {
    const session = await chat();
    const { firstSeq, version } = await session.replaceFrom("a", [user("3b"), assistant("4b")], {
      agent: "w",
    });
    expect([firstSeq, version]).toEqual([5, 7]);
    expect(await session.messages()).toMatchObject([
      { content: "1" },
      { content: "2" },
      { content: "3b", seq: 6 },
      { content: "4b", seq: 7, agent: "w" },
    ]);
    await session.replaceFrom(1, user("all new"));
    expect(texts((await session.view()).messages)).toEqual(["all new"]);
    expect((await session.events({ retracted: "only" })).events).toHaveLength(6);
  });

  it("is applied once under an operation id, and a conflict for other content", async () => {
    const session = await chat();
    const first = await session.replaceFrom("d", assistant("4b"), { operationId: "r" });
    expect(await session.replaceFrom("d", assistant("4b"), { operationId: "r" })).toMatchObject({
      firstSeq: first.firstSeq,
      replayed: true,
    });
    await failure(session.replaceFrom("d", assistant("other"), { operationId: "r" }), "conflict");
    await failure(session.replaceFrom("d", assistant("other")), "not-found");
    expect(texts(await session.messages())).toEqual(["1", "2", "3", "4b"]);
  });

  it("leaves nothing of what others append meanwhile in front of it", async () => {
    const { memory, store } = oneStore();
    let before: (() => Promise<unknown>) | undefined;
    const log = new Proxy(store.log, {
      get:
        (target, name) =>
        async (...args: never[]) => {
          const act = name === "append" ? before : undefined;
          if (act !== undefined) before = undefined;
          await act?.();
          return Reflect.apply(Reflect.get(target, name) as never, target, args);
        },
    });
    const { limits, documents } = store;
    const session = createMemory({ store: { limits, log, documents }, random: () => 0 })
      .tenant("acme")
      .session("chat");
    await session.append({ ...user("1"), id: "a" });
    before = () => memory.tenant("acme").session("chat").append(assistant("late"));
    await session.replaceFrom("a", user("1b"));
    expect(texts(await session.messages())).toEqual(["1b"]);
  });

  it("runs again with its turn", async () => {
    const session = await chat();
    const regenerate = (fail: boolean): Promise<unknown> =>
      session.turn(
        async (turn) => {
          await turn.view();
          await turn.replaceFrom("d", assistant("4b"), { operationId: "replace" });
          if (fail) throw new Error("crash");
          return "4b";
        },
        { operationId: "regenerate" },
      );
    await expect(regenerate(true)).rejects.toThrow("crash");
    expect(await regenerate(false)).toBe("4b");
    expect(texts(await session.messages())).toEqual(["1", "2", "3", "4b"]);
  });

  it("refuses input that cannot be appended, and retracts nothing", async () => {
    const session = await chat();
    await failure(session.replaceFrom("a", [] as never, { operationId: "" }), "invalid-input");
    await failure(session.replaceFrom("a", "text" as never), "invalid-input");
    await failure(session.replaceFrom(0, user("x")), "invalid-input");
    await failure(session.replaceFrom(undefined as never, user("x")), "invalid-input");
    expect(texts(await session.messages())).toHaveLength(4);
  });
});

describe("fork", () => {
  it("has the story up to a message, with seqs, ids and times, and goes on by itself", async () => {
    const { memory, clock } = oneStore();
    const acme = memory.tenant("acme");
    const session = acme.session("chat", { subject: "ana", metadata: { topic: "x" } });
    await session.append([{ ...user("1"), id: "a" }, assistant("2")], { operationId: "op" });
    await session.working.remember("step", 1);
    clock.advance(5_000);
    await session.append([user("3"), assistant("4")]);
    const fork = await session.fork({ at: 2, id: "what-if" });
    expect(fork.id).toBe("what-if");
    const original = (await session.events({ limit: 2 })).events;
    expect((await fork.events()).events).toEqual(original);
    expect(await fork.head()).toMatchObject({ version: 2, subject: "ana", metadata: { topic: "x" } });
    expect(await fork.working.recall("step")).toBeUndefined();
    expect(await fork.origin()).toEqual({ session: "chat", incarnation: session.incarnation, at: 2 });
    expect(await session.origin()).toBeUndefined();
    expect(await session.forks()).toEqual({ items: ["what-if"] });
    // Operations of the original mean nothing here.
    expect((await fork.append(user("3b"), { operationId: "op" })).replayed).toBe(false);
    expect(texts(await fork.messages())).toEqual(["1", "2", "3b"]);
    expect(texts(await session.messages())).toEqual(["1", "2", "3", "4"]);
    await fork.touch({ metadata: { topic: "y" } });
    expect(await fork.origin()).toMatchObject({ session: "chat" });
    const byId = await session.fork({ at: "a", metadata: { own: true } });
    expect(texts(await byId.messages())).toEqual(["1"]);
    expect((await byId.head())?.metadata).toMatchObject({ own: true });
    expect(texts(await (await session.fork()).messages())).toHaveLength(4);
    expect((await acme.sessions({ subject: "ana" })).items).toHaveLength(4);
  });

  it("is made once under one id", async () => {
    const session = await chat();
    const first = await session.fork({ at: 2, id: "f" });
    await first.append(user("own"));
    const again = await session.fork({ at: 2, id: "f" });
    expect(again.incarnation).toBe(first.incarnation);
    expect(texts(await again.messages())).toEqual(["1", "2", "own"]);
    expect((await failure(session.fork({ at: 1, id: "f" }), "conflict")).details.session).toBe("f");
    await failure(session.fork({ id: "chat" }), "invalid-input");
  });

  it("needs an event to fork at", async () => {
    const session = oneStore().memory.tenant("acme").session("new");
    await failure(session.fork(), "not-found");
    await session.working.remember("step", 1);
    await failure(session.fork(), "not-found");
    await session.append(user("1"));
    await session.trim({ beforeSeq: 2 });
    expect((await failure(session.fork(), "not-found")).message).toContain("nothing to fork");
  });

  it("keeps out what was retracted, also when that was later than where it begins", async () => {
    const session = await chat();
    await session.retract({ seqs: [2] });
    await session.append(user("5"));
    await session.retract({ seqs: [3] });
    const fork = await session.fork({ at: 4 });
    expect(texts(await fork.messages())).toEqual(["1", "4"]);
    await fork.append(user("next"));
    expect(texts((await fork.view()).messages)).toEqual(["1", "4", "next"]);
    const later = await session.fork({ at: 6 });
    expect(texts(await later.messages())).toEqual(["1", "4", "5"]);
  });

  it("cannot be claimed by the metadata of a session", async () => {
    const acme = oneStore().memory.tenant("acme");
    const metadata = { "relevo:forked-from": { session: "other", incarnation: "x", at: 1 } };
    expect(() => acme.session("chat", { metadata })).toThrow(/reserved/u);
    const session = acme.session("chat");
    await session.append(user("hi"));
    await failure(session.touch({ metadata }), "invalid-input");
    await failure(session.fork({ metadata }), "invalid-input");
    expect(await session.origin()).toBeUndefined();
  });

  it("is refused inside a tool call, and says where it can be made", async () => {
    const session = oneStore().memory.tenant("acme").session("chat");
    await session.append([user("hi"), calls("x", "y"), answers("x")]);
    for (const at of [2, 3]) {
      const error = await failure(session.fork({ at }), "invalid-input");
      expect(error.details).toMatchObject({ field: "at", before: 1, calls: at === 2 ? ["x", "y"] : ["y"] });
    }
    await session.append(answers("y"));
    await failure(session.fork({ at: 3 }), "invalid-input");
    expect(await (await session.fork({ at: 4 })).messages()).toHaveLength(4);
    expect((await session.forks()).items).toHaveLength(1);
    // A call that a crash left open does not block for ever.
    await session.append([calls("z"), user("hello?")]);
    await failure(session.fork({ at: 5 }), "invalid-input");
    expect(await (await session.fork({ at: 6 })).messages()).toHaveLength(6);
    await session.append({ role: "assistant", content: [{ type: "reasoning", text: "hm" }] });
    await failure(session.fork(), "invalid-input");
  });

  it.each([0, -1, 1.5, 99, "", null])("is refused at %j", async (at) => {
    const session = await chat();
    await failure(session.fork({ at: at as never }), "invalid-input");
    expect((await session.forks()).items).toEqual([]);
  });

  it("is refused where there is nothing to fork, or nothing that can copy", async () => {
    const { memory, store } = oneStore();
    await failure(memory.tenant("acme").session("none").fork(), "not-found");
    const { limits, documents, log } = store;
    const plain = { append: log.append.bind(log), head: log.head.bind(log) } as never;
    const session = createMemory({ store: { limits, documents, log: plain }, cache: false })
      .tenant("acme")
      .session("a");
    await session.append(user("x"));
    await failure(session.fork(), "unsupported");
    const trimmed = await chat();
    await trimmed.trim({ beforeSeq: 3 });
    await failure(trimmed.fork({ at: 1 }), "invalid-input");
    expect(texts(await (await trimmed.fork({ at: 3 })).messages())).toEqual(["3"]);
  });

  it("of a long session is copied in parts", async () => {
    const session = oneStore().memory.tenant("acme").session("chat");
    for (let part = 0; part < 3; part++)
      await session.append(Array.from({ length: 900 }, (_, index) => user(`${part}/${index}`)));
    await session.retract({ seqs: [{ from: 100, to: 199 }, 2600] });
    const fork = await session.fork({ at: 2650 });
    expect(await fork.messages()).toHaveLength(2650 - 101);
    expect((await fork.head())?.version).toBe(2651);
  });

  it("is reached by an erasure of what it repeats, forks of forks too", async () => {
    const acme = oneStore().memory.tenant("acme");
    const session = acme.session("chat");
    await session.append([{ ...user("secret"), id: "s" }, assistant("fine")]);
    const fork = await session.fork({ at: 1, id: "child" });
    await fork.append(assistant("own"));
    const grandchild = await fork.fork({ id: "grandchild" });
    const result = await session.erase({ seqs: [{ from: 1, to: 2 }] });
    expect(result.erased).toEqual([1, 2]);
    expect(result.forks).toEqual([
      { session: "child", erased: [1] },
      { session: "grandchild", erased: [1] },
    ]);
    expect(texts(await grandchild.messages())).toEqual(["own"]);
    await acme.session("child").delete();
    expect((await session.erase({ seqs: [1] })).forks).toBeUndefined();
  });

  it("does not keep what is erased while it is made", async () => {
    const { memory, store } = oneStore();
    let erasures = 0;
    const log = new Proxy(store.log, {
      get:
        (target, name) =>
        async (...args: never[]) => {
          if (name === "importEvents" && erasures++ < 1)
            await elsewhere(() =>
              memory
                .tenant("acme")
                .session("chat")
                .erase({ seqs: [1] }),
            );
          return Reflect.apply(Reflect.get(target, name) as never, target, args);
        },
    });
    const { limits, documents } = store;
    const session = createMemory({ store: { limits, log, documents } }).tenant("acme").session("chat");
    await session.append([user("secret"), assistant("fine")]);
    const fork = await session.fork();
    expect(texts(await fork.messages())).toEqual(["fine"]);
    expect(erasures).toBe(2);
  });

  it("that a crash cut off is completed by the next try, and is sealed until then", async () => {
    const store = createMemoryStore();
    let dies = true;
    const log = new Proxy(store.log, {
      get:
        (target, name) =>
        async (...args: never[]) => {
          if (name === "unseal" && dies) throw new Error("crash");
          return Reflect.apply(Reflect.get(target, name) as never, target, args);
        },
    });
    const { limits, documents } = store;
    const acme = createMemory({ store: { limits, log, documents } }).tenant("acme");
    await acme.session("chat").append(user("x"));
    await expect(acme.session("chat").fork({ id: "f" })).rejects.toThrow("crash");
    expect((await acme.session("chat").forks()).items).toEqual(["f"]);
    expect((await failure(acme.session("f").append(user("y")), "conflict")).details.conflict).toBe("sealed");
    dies = false;
    const fork = await acme.session("chat").fork({ id: "f" });
    await fork.append(user("y"));
    expect(texts(await fork.messages())).toEqual(["x", "y"]);
  });
});
