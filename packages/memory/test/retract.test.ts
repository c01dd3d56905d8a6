import { describe, expect, it } from "vitest";
import { assistant, failure, oneStore, texts, user } from "./fixture.ts";

describe("undo", () => {
  it("takes the last messages out of what is effective and returns them in order", async () => {
    const session = oneStore().memory.tenant("acme").session();
    await session.append([user("1"), assistant("2"), user("3")]);
    await session.recordExecution({ output: "kept" });
    expect(texts(await session.undo(2))).toEqual(["2", "3"]);
    expect(texts(await session.messages())).toEqual(["1"]);
    expect(texts((await session.view()).messages)).toEqual(["1"]);
    expect(await session.popMessage()).toMatchObject(user("1"));
    expect(await session.popMessage()).toBeUndefined();
    expect(await session.undo(5)).toEqual([]);
    // The log is not rewritten: an audit still sees all of it.
    const { events } = await session.events({ retracted: "only" });
    expect(events).toHaveLength(3);
    expect((await session.events({ types: ["execution"] })).events).toHaveLength(1);
  });

  it("returns fewer when there are fewer, and skips what was erased", async () => {
    const session = oneStore().memory.tenant("acme").session();
    await session.append([user("1"), user("2"), user("3")]);
    await session.erase({ seqs: [3] });
    expect(texts(await session.undo(9))).toEqual(["1", "2"]);
  });

  it("never returns one message twice to concurrent pops, and loses none", async () => {
    const { memory } = oneStore({ random: () => 0.5 });
    const all = Array.from({ length: 12 }, (_, index) => String(index));
    await memory.tenant("acme").session("chat").append(all.map(user));
    const popped = await Promise.all(all.map(() => memory.tenant("acme").session("chat").popMessage()));
    expect(popped.map((message) => Number(message?.content)).sort((a, b) => a - b)).toEqual(all.map(Number));
    expect(await memory.tenant("acme").session("chat").messages()).toEqual([]);
  });

  it("is exact beside concurrent appends", async () => {
    const { memory } = oneStore();
    const session = memory.tenant("acme").session("chat");
    await session.append([user("a"), user("b")]);
    const [popped] = await Promise.all([session.popMessage(), session.append(user("c"))]);
    const left = texts(await session.messages());
    expect([...left, popped?.content].sort()).toEqual(["a", "b", "c"]);
    expect(left).toHaveLength(2);
  });

  it("is done once for an operation id, and the retry returns the same messages", async () => {
    const session = oneStore().memory.tenant("acme").session();
    await session.append([user("1"), user("2"), user("3")]);
    expect(texts(await session.undo(2, { operationId: "undo-1" }))).toEqual(["2", "3"]);
    await session.append(user("4"));
    expect(texts(await session.undo(2, { operationId: "undo-1" }))).toEqual(["2", "3"]);
    expect(texts(await session.messages())).toEqual(["1", "4"]);
    await failure(session.undo(1, { operationId: "undo-1" }), "conflict");
  });

  it("remembers under its operation id that there was nothing", async () => {
    const session = oneStore().memory.tenant("acme").session();
    expect(await session.undo(1, { operationId: "undo-1" })).toEqual([]);
    await session.append(user("1"));
    expect(await session.undo(1, { operationId: "undo-1" })).toEqual([]);
    expect(texts(await session.messages())).toEqual(["1"]);
  });

  it.each([0, -1, 1.5, Number.NaN, 1_001])("refuses a count of %s", async (count) => {
    await failure(oneStore().memory.tenant("acme").session().undo(count), "invalid-input");
  });
});

describe("clear", () => {
  it("empties the conversation and keeps the session, its version and its working memory", async () => {
    const session = oneStore().memory.tenant("acme").session();
    await session.clear();
    expect(await session.head()).toBeUndefined();
    await session.append([user("1"), user("2")]);
    await session.working.remember("step", 3);
    const { incarnation } = session;
    await session.clear();
    expect(await session.messages()).toEqual([]);
    expect(await session.head()).toMatchObject({ incarnation, version: 3 });
    expect(await session.working.recall("step")).toBe(3);
    await session.append(user("3"));
    expect(texts(await session.messages())).toEqual(["3"]);
  });

  it("is done once for an operation id", async () => {
    const session = oneStore().memory.tenant("acme").session();
    await session.append(user("1"));
    await session.clear({ operationId: "clear-1", reason: "asked" });
    await session.append(user("2"));
    await session.clear({ operationId: "clear-1", reason: "asked" });
    expect(texts(await session.messages())).toEqual(["2"]);
  });
});

describe("removal for good", () => {
  it("erases content by seq or range and leaves the rest", async () => {
    const session = oneStore().memory.tenant("acme").session();
    await session.append([user("1"), user("secret"), user("3"), user("secret"), user("secret")]);
    const { erased } = await session.erase({ seqs: [2, { from: 4, to: 5 }] });
    expect(erased).toEqual([2, 4, 5]);
    expect(texts(await session.messages())).toEqual(["1", "3"]);
    expect(texts(await session.messages({ limit: 2 }))).toEqual(["1", "3"]);
    expect(JSON.stringify(await session.events({ retracted: "include" }))).not.toContain("secret");
  });

  it("trims the oldest and never begins seq again", async () => {
    const { memory, clock } = oneStore();
    const session = memory.tenant("acme").session();
    await session.append([user("1"), user("2")]);
    clock.advance(1_000);
    await session.append(user("3"));
    expect(await session.trim({ olderThan: clock.now() })).toBe(2);
    expect(texts(await session.messages())).toEqual(["3"]);
    expect(await session.trim({ beforeSeq: 4 })).toBe(1);
    expect((await session.append(user("4"))).firstSeq).toBe(4);
    expect(await memory.tenant("acme").session("none").trim({ beforeSeq: 9 })).toBe(0);
  });

  it("deletes with an expected version only when nobody wrote in between", async () => {
    const session = oneStore().memory.tenant("acme").session();
    await session.append([user("1"), user("2")]);
    const error = await failure(session.delete({ expectedVersion: 1 }), "conflict");
    expect(error.details.version).toBe(2);
    expect(await session.delete({ expectedVersion: 2 })).toBe(true);
  });
});
