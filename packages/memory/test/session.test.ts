import { describe, expect, it } from "vitest";
import { type AppendInput, createMemory, type Session } from "../src/index.ts";
import { aborted, assistant, failure, oneStore, texts, user } from "./fixture.ts";

const uuidV7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe("a session", () => {
  it("is not stored before its first write, which carries subject and metadata", async () => {
    const { memory } = oneStore();
    const acme = memory.tenant("acme");
    const session = acme.session("chat", { subject: "user-7", metadata: { channel: "web" }, ttlMs: 60_000 });
    expect(await session.head()).toBeUndefined();
    expect(await session.messages()).toEqual([]);
    expect((await acme.sessions()).items).toEqual([]);
    await session.append(user("hola"));
    expect(await session.head()).toMatchObject({
      session: "chat",
      subject: "user-7",
      metadata: { channel: "web" },
      version: 1,
    });
    expect((await session.head())?.expiresAt).toBeDefined();
  });

  it("refuses what is derived from messages that were removed since the view, and nothing else", async () => {
    const { memory } = oneStore();
    const session = memory.tenant("acme").session("chat");
    await session.append([user("secret"), user("public")]);
    const { removalRevision } = await session.view();
    const digest = (text: string, seq: number): AppendInput => ({
      type: "x-digest",
      body: text,
      derivedFrom: [{ from: seq, to: seq }],
    });
    await memory
      .tenant("acme")
      .session("chat")
      .erase({ seqs: [1] });
    const refused = await failure(
      session.append(digest("they said secret", 1), { removalRevision }),
      "conflict",
    );
    expect(refused.details).toMatchObject({ conflict: "removal" });
    await session.append(digest("they said public", 2), { removalRevision });
    expect(JSON.stringify(await session.events())).not.toContain("secret");
  });

  it("gets an id of its own when none is given", () => {
    const acme = oneStore().memory.tenant("acme");
    const [first, second] = [acme.session(), acme.session()];
    expect(first.id).toMatch(uuidV7);
    expect(second.id).not.toBe(first.id);
  });

  it("gives messages ids and times, and keeps those that they have", async () => {
    const { memory, clock } = oneStore();
    const session = memory.tenant("acme").session("chat");
    await session.append([user("one"), { ...user("two"), id: "mine", at: 5 }]);
    const [one, two] = await session.messages();
    expect(one?.id).toMatch(uuidV7);
    expect(one?.at).toBe(clock.now());
    expect(two).toEqual({ ...user("two"), id: "mine", at: 5, seq: 2 });
    const { events } = await session.events();
    expect(events.map((event) => event.at)).toEqual([clock.now(), 5]);
  });

  it("changes nothing of what it was given", async () => {
    const session = oneStore().memory.tenant("acme").session();
    const message = { role: "user" as const, content: "one" };
    await session.append(message);
    expect(message).toEqual({ role: "user", content: "one" });
  });

  it("returns the last messages in order, in either direction, of one agent when asked", async () => {
    const session = oneStore().memory.tenant("acme").session();
    await session.append([user("1"), user("2")]);
    await session.append([assistant("3"), user("4")], { agent: "writer" });
    await session.append({ ...assistant("5"), agent: "editor" });
    expect(texts(await session.messages())).toEqual(["1", "2", "3", "4", "5"]);
    expect(texts(await session.messages({ limit: 3 }))).toEqual(["3", "4", "5"]);
    expect(texts(await session.messages({ limit: 3, direction: "backward" }))).toEqual(["5", "4", "3"]);
    const written = await session.messages({ agent: "writer" });
    expect(texts(written)).toEqual(["3", "4"]);
    // The agent said the third message; the fourth only belongs to its story.
    expect(written.map((message) => message.agent)).toEqual(["writer", undefined]);
    expect(texts(await session.messages({ agent: "editor" }))).toEqual(["5"]);
  });

  it("reads more messages than one page holds", async () => {
    const session = oneStore().memory.tenant("acme").session();
    const all = Array.from({ length: 2_300 }, (_, index) => user(String(index)));
    for (let from = 0; from < all.length; from += 1_000) await session.append(all.slice(from, from + 1_000));
    expect(texts(await session.messages())).toEqual(texts(all));
    expect(texts(await session.messages({ limit: 1_500 }))).toEqual(texts(all.slice(-1_500)));
  });

  it("appends events beside messages, all or none", async () => {
    const session = oneStore().memory.tenant("acme").session();
    const result = await session.append([user("one"), { type: "x-lead", body: { score: 85 } }], {
      agent: "qualifier",
    });
    expect(result).toMatchObject({ firstSeq: 1, version: 2, replayed: false });
    const { events } = await session.events();
    expect(events[1]).toMatchObject({ type: "x-lead", body: { score: 85 }, agent: "qualifier" });
    const bad = { role: "robot", content: "x" } as unknown as AppendInput;
    await failure(session.append([user("two"), bad]), "invalid-input");
    expect((await session.head())?.version).toBe(2);
  });

  it("never meets another session or tenant", async () => {
    const { memory } = oneStore();
    const mine = memory.tenant("tenant1").session("chat");
    const others = [
      memory.tenant("tenant10").session("chat"),
      memory.tenant("tenant1").session("chat2"),
      memory.tenant("tenant").session("1chat"),
    ];
    await mine.append(user("secret"));
    await mine.working.remember("step", "secret");
    await mine.agent("writer").remember("draft", "secret");
    for (const other of others) {
      expect(await other.messages()).toEqual([]);
      expect(await other.working.recall("step")).toBeUndefined();
      expect((await other.working.entries()).items).toEqual([]);
      expect(await other.agent("writer").recall("draft")).toBeUndefined();
      expect(await other.head()).toBeUndefined();
    }
    expect((await memory.tenant("tenant10").sessions()).items).toEqual([]);
    await failure(memory.tenant("tenant10").context({ session: mine }), "invalid-input");
  });

  it("lists the tenant's sessions by subject, prefix, idleness and page", async () => {
    const { memory, clock } = oneStore();
    const acme = memory.tenant("acme");
    await acme.session("a-1", { subject: "ana" }).append(user("x"));
    await acme.session("a-2", { subject: "bob" }).append(user("x"));
    const idleSince = clock.now();
    clock.advance(1_000);
    await acme.session("b-1", { subject: "ana" }).append(user("x"));
    const ids = async (options: Parameters<typeof acme.sessions>[0]): Promise<string[]> =>
      (await acme.sessions(options)).items.map((head) => head.session);
    expect(await ids({ subject: "ana" })).toEqual(["a-1", "b-1"]);
    expect(await ids({ prefix: "a-" })).toEqual(["a-1", "a-2"]);
    expect(await ids({ idleSince })).toEqual(["a-1", "a-2"]);
    const page = await acme.sessions({ limit: 2 });
    expect(page.items).toHaveLength(2);
    expect(await ids({ limit: 2, cursor: page.cursor ?? "" })).toEqual(["b-1"]);
  });
});

describe("a retried append", () => {
  it("is done once, although the retry would have other ids and times", async () => {
    const { memory, clock } = oneStore();
    const session = memory.tenant("acme").session("chat");
    const first = await session.append(user("pay"), {
      operationId: "op-1",
      agent: "clerk",
      expectedVersion: 0,
    });
    clock.advance(1_000);
    const retry = await memory
      .tenant("acme")
      .session("chat")
      .append([user("pay")], { operationId: "op-1", agent: "clerk", expectedVersion: 0 });
    const { recordedAt: _, ...recorded } = first;
    expect(retry).toEqual({ ...recorded, previousToken: first.token, replayed: true });
    expect(texts(await session.messages())).toEqual(["pay"]);
  });

  it("is refused when the request is another one", async () => {
    const session = oneStore().memory.tenant("acme").session("chat");
    await session.append(user("pay 5"), { operationId: "op-1" });
    const error = await failure(session.append(user("pay 6"), { operationId: "op-1" }), "conflict");
    expect(error.details.conflict).toBe("operation");
    const byOther = await failure(
      session.append(user("pay 5"), { operationId: "op-1", agent: "clerk" }),
      "conflict",
    );
    expect(byOther.details.conflict).toBe("operation");
    expect(texts(await session.messages())).toEqual(["pay 5"]);
  });

  it("is refused, not run, when the request cannot be hashed", async () => {
    const session = oneStore().memory.tenant("acme").session("chat");
    const cyclic: Record<string, unknown> = { role: "user", content: "x" };
    cyclic.metadata = cyclic;
    await failure(session.append(cyclic as unknown as AppendInput, { operationId: "op" }), "too-large");
    expect(await session.head()).toBeUndefined();
  });
});

describe("a late writer", () => {
  it("cannot bring a deleted session back, nor write into its successor", async () => {
    const { memory } = oneStore();
    const acme = memory.tenant("acme");
    const late = acme.session("chat");
    await late.append(user("old"));
    expect(await acme.session("chat").delete()).toBe(true);
    await failure(late.append(user("late")), "history-lost");
    await failure(late.working.remember("step", 1), "history-lost");
    await failure(
      late.working.update("step", () => 1),
      "history-lost",
    );
    await failure(late.agent("writer").remember("draft", 1), "history-lost");
    await failure(late.agent("writer").remember("draft", 1, { tier: "durable" }), "history-lost");
    await failure(
      late.agent("writer").update("draft", () => 1, { tier: "both" }),
      "history-lost",
    );
    expect(await acme.agent("writer").recall("draft")).toBeUndefined();
    await failure(late.messages(), "history-lost");
    await failure(late.view(), "history-lost");
    await failure(late.popMessage(), "history-lost");
    await failure(late.recordExecution({ output: 1 }), "history-lost");
    expect(await late.head()).toBeUndefined();
    expect((await acme.sessions()).items).toEqual([]);

    const next = acme.session("chat");
    await next.append(user("new"));
    await next.working.remember("step", 9);
    await failure(late.append(user("late")), "history-lost");
    await failure(late.head(), "history-lost");
    await failure(late.trim({ beforeSeq: 2 }), "history-lost");
    await failure(late.working.recall("step"), "history-lost");
    await failure(late.working.entries(), "history-lost");
    expect(await late.delete()).toBe(false);
    expect(texts(await next.messages())).toEqual(["new"]);
  });

  it("is known by a first contact that only read", async () => {
    const acme = oneStore().memory.tenant("acme");
    await acme.session("chat").append(user("old"));
    const reader = acme.session("chat");
    await reader.messages();
    await acme.session("chat").delete();
    await failure(reader.append(user("late")), "history-lost");
  });

  it("is the object itself after its own delete, and a new object begins anew", async () => {
    const acme = oneStore().memory.tenant("acme");
    await acme.session("chat").append(user("old"));
    const session = acme.session("chat");
    expect(await session.delete()).toBe(true);
    await failure(session.append(user("late")), "history-lost");
    expect(await session.delete()).toBe(false);
    await acme.session("chat").append(user("new"));
    expect(texts(await acme.session("chat").messages())).toEqual(["new"]);
  });

  it("can name the incarnation that it means from the start", async () => {
    const acme = oneStore().memory.tenant("acme");
    const first = acme.session("chat");
    await first.append(user("old"));
    const { incarnation } = first;
    if (incarnation === undefined) throw new Error("an append must make the incarnation known");
    await first.delete();
    await failure(acme.session("chat", { incarnation }).append(user("late")), "history-lost");
  });

  it("is noticed after the session has expired", async () => {
    const { memory, clock } = oneStore();
    const session = memory.tenant("acme").session("chat", { ttlMs: 1_000 });
    await session.append(user("old"));
    clock.advance(1_001);
    await failure(session.view(), "history-lost");
    await failure(session.append(user("late")), "history-lost");
  });

  it("does not exist among the first writes of one object, however late their answers are", async () => {
    const { store, clock } = oneStore();
    const written = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<void>();
    const slow = new Proxy(store.log, {
      get(target, name: keyof typeof store.log) {
        if (name !== "append") return target[name].bind(target);
        return async (...args: Parameters<typeof target.append>) => {
          const result = await target.append(...args);
          written.resolve();
          await answer.promise;
          return result;
        };
      },
    });
    const { limits, log, documents } = store;
    const session = createMemory({ store: { limits, log: slow, documents }, clock })
      .tenant("acme")
      .session("chat");
    const first = session.append(user("1"));
    await written.promise;
    // The session is there and gone again before its creator has heard of it.
    await log.delete(session.address);
    const second = failure(session.append(user("2")), "history-lost");
    answer.resolve();
    expect((await first).version).toBe(1);
    await second;
    expect(await log.head(session.address)).toBeUndefined();
  });
});

describe("the idle lifetime", () => {
  it("is set by appends, by touch, and by a first write to working memory", async () => {
    const { memory, clock } = oneStore();
    const acme = memory.tenant("acme");
    const session = acme.session("chat", { ttlMs: 1_000 });
    await session.working.remember("step", 1);
    expect((await session.head())?.expiresAt).toBe(clock.now() + 1_000);
    clock.advance(500);
    await session.append(user("x"));
    expect((await session.head())?.expiresAt).toBe(clock.now() + 1_000);
    await session.touch({ ttlMs: 5_000, metadata: { kept: true } });
    expect(await session.head()).toMatchObject({ expiresAt: clock.now() + 5_000, metadata: { kept: true } });
    await session.append(user("y"));
    expect((await session.head())?.expiresAt).toBe(clock.now() + 5_000);
    await session.append(user("z"), { ttlMs: null });
    expect((await session.head())?.expiresAt).toBeUndefined();
  });
});

describe("an abort signal", () => {
  it("reaches every call of a session", async () => {
    const session = oneStore().memory.tenant("acme").session("chat");
    await session.append(user("1"));
    const calls: readonly (() => Promise<unknown>)[] = [
      () => session.append(user("2"), aborted()),
      () => session.messages(aborted()),
      () => session.events(aborted()),
      () => session.view(aborted()),
      () => session.undo(1, aborted()),
      () => session.popMessage(aborted()),
      () => session.clear(aborted()),
      () => session.erase({ seqs: [1], ...aborted() }),
      () => session.trim({ beforeSeq: 2, ...aborted() }),
      () => session.delete(aborted()),
      () => session.head(aborted()),
      () => session.touch(aborted()),
      () => session.recordExecution({ output: 1 }, aborted()),
      () => session.activity(aborted()),
      () => session.lease(aborted()),
      () => session.turn(async () => 1, aborted()),
      () => session.working.remember("k", 1, aborted()),
      () => session.working.recall("k", aborted()),
      () => session.working.entry("k", aborted()),
      () => session.working.forget("k", aborted()),
      () => session.working.entries(aborted()),
      () => session.working.update("k", () => 1, aborted()),
      () => session.working.clear(aborted()),
    ];
    for (const call of calls) await failure(call(), "aborted");
    expect(texts(await session.messages())).toEqual(["1"]);
    expect((await session.working.entries()).items).toEqual([]);
  });
});

describe("what a session is given", () => {
  it("is taken as it was when the call was made, also while a first write is under way", async () => {
    const session = oneStore().memory.tenant("acme").session();
    const text = { type: "text" as const, text: "as given" };
    const value = { state: "as given" };
    const first = session.append(user("first"));
    const second = session.append({ role: "user", content: [text] });
    const third = session.working.remember("k", value);
    text.text = "changed";
    value.state = "changed";
    await Promise.all([first, second, third]);
    expect(texts(await session.messages())[1]).toEqual([{ type: "text", text: "as given" }]);
    expect(await session.working.recall("k")).toEqual({ state: "as given" });
  });

  it("is refused when it is no execution, no error or no strategy", async () => {
    const session = oneStore().memory.tenant("acme").session();
    for (const call of [
      () => session.recordExecution(undefined as unknown as object),
      () => session.recordExecution({ error: null } as unknown as object),
      () => session.view({ strategy: {} } as object),
    ]) {
      await failure(call(), "invalid-input");
    }
  });
});

describe("a session that was only touched or erased from", () => {
  it.each([
    ["touched", (session: Session) => session.touch({ metadata: {} })],
    ["erased from", (session: Session) => session.erase({ seqs: [1] })],
  ])("is known from then on: %s", async (_, meet) => {
    const acme = oneStore().memory.tenant("acme");
    await acme.session("chat").append(user("1"));
    const session = acme.session("chat");
    await meet(session);
    expect(session.incarnation).toBeDefined();
    await acme.session("chat").delete();
    await failure(session.append(user("2")), "history-lost");
  });
});
