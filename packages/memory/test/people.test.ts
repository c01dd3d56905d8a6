import type { Page, PageOptions } from "@relevo/core";
import { MemoryError } from "@relevo/core";
import { describe, expect, it, vi } from "vitest";
import { createMemory } from "../src/index.ts";
import { failure, oneStore, twoStores, user } from "./fixture.ts";

async function all(list: (page: PageOptions) => Promise<Page<string>>, limit: number): Promise<string[]> {
  const items: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await list({ limit, cursor });
    expect(page.items.length).toBeLessThanOrEqual(limit);
    items.push(...page.items);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return items;
}

describe.each([
  { stores: "one store", open: () => oneStore() },
  { stores: "two stores, sessions volatile", open: () => twoStores("volatile") },
  { stores: "two stores, sessions durable", open: () => twoStores("durable") },
])("people on $stores", ({ open }) => {
  it("have a memory of their own each", async () => {
    const acme = open().memory.tenant("acme");
    const ana = acme.user("ana");
    expect(await ana.recall("language")).toBeUndefined();
    await ana.remember("language", "es", { tags: ["form"] });
    await ana.remember("mood", "curious", { tier: "volatile" });
    await ana.remember("name", "Ana", { tier: "both" });
    expect(await acme.user("ana").recall("language")).toBe("es");
    expect(await acme.user("ana").recall("mood")).toBe("curious");
    expect(await acme.user("ana").entry("name")).toMatchObject({ value: "Ana", tier: "both" });
    expect((await ana.entries()).items.map(({ key }) => key)).toEqual(["language", "name"]);
    expect(await ana.update("language", (value) => `${value}-MX`)).toMatchObject({ value: "es-MX" });
    for (const other of [acme.user("anabel"), acme.user("bob"), open().memory.tenant("acme").user("ana")])
      expect(await other.recall("language")).toBeUndefined();
    expect(await ana.forget("language")).toBe(true);
    expect(await ana.recall("language")).toBeUndefined();
  });

  it("do not share what an agent keeps about each", async () => {
    const acme = open().memory.tenant("acme");
    const clerk = acme.agent("clerk");
    await clerk.for("ana").remember("name", "Ana");
    await clerk.for(acme.user("bob")).remember("name", "Bob", { tier: "both" });
    expect(await acme.agent("clerk").for("ana").entry("name")).toMatchObject({
      value: "Ana",
      agent: "clerk",
    });
    expect(await clerk.for("bob").recall("name")).toBe("Bob");
    expect(await clerk.for("eva").recall("name")).toBeUndefined();
    expect(await clerk.recall("name")).toBeUndefined();
    expect(await acme.agent("other").for("ana").recall("name")).toBeUndefined();
    expect(await acme.user("ana").recall("name")).toBeUndefined();
    expect((await clerk.entries()).items).toEqual([]);
    expect((await clerk.for("ana").entries()).items).toHaveLength(1);
  });

  it("are known in the sessions that belong to them", async () => {
    const acme = open().memory.tenant("acme");
    const session = acme.session("chat", { subject: "ana" });
    await session.user.remember("language", "es");
    await session.append(user("hola"));
    const later = acme.session("chat");
    expect(await later.user.id()).toBe("ana");
    expect(await later.user.recall("language")).toBe("es");
    expect(await acme.user("ana").entry("language")).toMatchObject({ session: "chat" });
    await later.agent("clerk").for(later.user).remember("name", "Ana", { tier: "durable" });
    expect(await acme.agent("clerk").for("ana").entry("name")).toMatchObject({
      value: "Ana",
      session: "chat",
    });
    await later.touch({ subject: "eva" });
    expect(await later.user.recall("language")).toBeUndefined();
    expect(await acme.user("ana").sessions()).toEqual({ items: [] });
    expect((await acme.user("eva").sessions()).items.map((head) => head.session)).toEqual(["chat"]);
    await acme.session("chat").delete();
    await failure(later.user.remember("language", "fr"), "history-lost");
    await failure(later.agent("clerk").for("ana").remember("name", "x"), "history-lost");
    expect(await acme.user("eva").recall("language")).toBeUndefined();
  });

  it("are known while the first write of their session is under way", async () => {
    const { store } = oneStore();
    let created: () => unknown = () => true;
    const log = Object.create(store.log, {
      head: {
        async value(...given: Parameters<typeof store.log.head>) {
          const head = await store.log.head(...given);
          await vi.waitUntil(created);
          return head;
        },
      },
    });
    const acme = createMemory({ store: { ...store, log } }).tenant("acme");
    const session = acme.session("chat", { subject: "ana" });
    const known = session.user.id();
    created = () => session.incarnation !== undefined;
    await session.append(user("hola"));
    expect(await known).toBe("ana");
  });

  it("are not mixed up by a session that belongs to another, or to nobody", async () => {
    const acme = open().memory.tenant("acme");
    await acme.session("hers", { subject: "ana" }).append(user("x"));
    await acme.session("nobody").append(user("x"));
    await failure(acme.session("hers", { subject: "eve" }).user.recall("k"), "denied");
    await failure(acme.session("nobody").user.remember("k", 1), "not-found");
    await failure(
      acme.session("nobody").agent("a").for(acme.session("nobody").user).recall("k"),
      "not-found",
    );
    const elsewhere = open().memory.tenant("other").user("ana");
    expect(() => acme.agent("a").for(elsewhere)).toThrow(MemoryError);
    for (const bad of ["", "a\0b", "\ud800", 7, null, undefined, {}, "x".repeat(2_000)]) {
      expect(() => acme.user(bad as string)).toThrow(MemoryError);
      expect(() => acme.agent("a").for(bad as string)).toThrow(MemoryError);
      expect(() =>
        acme
          .session("hers")
          .agent("a")
          .for(bad as string),
      ).toThrow(MemoryError);
    }
  });

  it("are listed by id, page by page, each once", async () => {
    const acme = open().memory.tenant("acme");
    const ids = ["*", "a", "a b", "ana", "ana2", "bob", "zoe", "ñandú", "\uff5e", "\u{1f600}"];
    const [first, second] = ids;
    for (const [index, id] of ids.toReversed().entries()) {
      if (index % 4 === 0) await acme.session(undefined, { subject: id }).append(user("x"));
      else if (index % 4 === 1) await acme.user(id).remember("k", 1, { tier: "volatile" });
      else if (index % 4 === 2) await acme.agent("clerk").for(id).remember("k", 1, { tier: "both" });
      else await acme.user(id).remember("k", 1);
    }
    await acme.session(undefined, { subject: first ?? "" }).append(user("x"));
    await acme.session(undefined, { subject: first ?? "" }).working.remember("k", 1);
    await acme.user(second ?? "").remember("k", 1);
    for (const limit of [1, 2, 3, 100]) expect(await all((page) => acme.users(page), limit)).toEqual(ids);
    expect((await open().memory.tenant("acme").users()).items).toEqual([]);
    await failure(acme.users({ cursor: "x" }), "invalid-input");
    await failure(acme.users({ limit: 0 }), "invalid-input");
    await failure(acme.agents({ cursor: "x" }), "invalid-input");
  });

  it("and so are agents", async () => {
    const acme = open().memory.tenant("acme");
    await acme.agent("durable").remember("k", 1);
    await acme.agent("both").remember("k", 1, { tier: "both" });
    await acme.agent("volatile").remember("k", 1, { tier: "volatile" });
    await acme.agent("about-people").for("ana").remember("k", 1);
    await acme.session("s").agent("in-session").remember("k", 1);
    expect((await acme.agent("about-people").entries()).items).toEqual([]);
    const known = ["about-people", "both", "durable", "volatile"];
    for (const limit of [1, 2, 100]) expect(await all((page) => acme.agents(page), limit)).toEqual(known);
  });

  it("have sessions in the order of their last writes, newest first", async () => {
    const fixture = open();
    const acme = fixture.memory.tenant("acme");
    for (const id of ["b", "c", "a"]) {
      await acme.session(id, { subject: "ana" }).append(user("x"));
      await acme.session(`${id}-other`, { subject: "bob" }).append(user("x"));
      fixture.clock.advance(1_000);
    }
    await acme.session("b").append(user("again"));
    const newest = { order: "updated", direction: "backward" } as const;
    const ids = (page: Awaited<ReturnType<typeof acme.sessions>>): string[] =>
      page.items.map(({ session }) => session);
    expect(ids(await acme.user("ana").sessions(newest))).toEqual(["b", "a", "c"]);
    expect(ids(await acme.user("ana").sessions())).toEqual(["a", "b", "c"]);
    const page = await acme.sessions({ ...newest, limit: 2 });
    expect(ids(page)).toEqual(["b", "a-other"]);
    expect(ids(await acme.sessions({ ...newest, limit: 2, cursor: page.cursor }))).toEqual(["a", "c-other"]);
    await failure(acme.user("ana").sessions({ subject: "bob" } as never), "invalid-input");
  });
});

it("what is tagged by this package is not the caller's to tag, and not shown", async () => {
  const { memory, store } = oneStore();
  const acme = memory.tenant("acme");
  const session = acme.session("chat", { subject: "ana" });
  await session.append(user("x"));
  const clerk = session.agent("clerk");
  await clerk.remember("k", 1, { tier: "both", tags: ["a"] });
  await acme.agent("clerk").update("k", () => 2, { tier: "both" });
  expect(await acme.agent("clerk").entry("k")).toMatchObject({ tags: ["a"], session: "chat", tier: "both" });
  expect(await acme.agent("clerk").entry("k", { tier: "durable" })).toMatchObject({ tags: ["a"] });
  const { items } = await store.documents.find({ tenant: "acme" }, { namespacePrefix: ["relevo", "agents"] });
  // The durable memory and its copy: both are found by the session, and by its person.
  expect(items.map(({ tags }) => tags.length)).toEqual([3, 3]);
  const refused = await failure(clerk.remember("k", 1, { tags: ["relevo:session:x"] }), "invalid-input");
  expect(refused.details.field).toBe("tags");
  expect((await acme.context({ session })).durable.agent.map(({ key }) => key)).toEqual(["k"]);
  expect((await acme.context({ session, tags: { all: ["a"] } })).durable.agent).toHaveLength(1);
  expect((await acme.context({ session, tags: { any: ["b"] } })).durable.agent).toEqual([]);
});

it("a memory about a person whose erasure cannot be looked up is not taken for unwritten", async () => {
  const { memory, durableFaults } = twoStores();
  const ana = memory.tenant("acme").user("ana");
  await ana.remember("first", 1);
  durableFaults.after = { method: "put", run: async () => void durableFaults.failing.add("get") };
  expect((await failure(ana.remember("second", 2), "unavailable")).outcome).toBe("unknown");
  durableFaults.failing.clear();
  expect(await ana.recall("second")).toBe(2);
});

it("a person whose id has no room in an address is refused before anything is written", async () => {
  const { memory, store } = oneStore();
  const tenant = memory.tenant("t".repeat(1000));
  expect(() => tenant.session("chat", { subject: "s".repeat(1000) })).toThrow("addressBytes");
  const acme = memory.tenant("acme");
  const longest = "s".repeat(1000);
  await acme.session("chat", { subject: longest }).append(user("x"));
  await acme.user(longest).remember("k", 1);
  expect((await acme.user(longest).erase()).removed.sessions).toBe(1);
  expect((await store.log.list("t".repeat(1000))).items).toEqual([]);
});

it("a person's first session makes the person known, and a retry of its first write does it again", async () => {
  const { memory, store } = oneStore();
  const acme = memory.tenant("acme");
  const documents = new Proxy(store.documents, {
    get: (target, name) =>
      name === "getMany"
        ? () => Promise.reject(new MemoryError("unavailable", "The store cannot be reached."))
        : Reflect.get(target, name),
  });
  const broken = createMemory({ store: { ...store, documents } }).tenant("acme");
  const write = (tenant: typeof acme) =>
    tenant.session("chat", { subject: "ana" }).append(user("x"), { operationId: "op" });
  // The message is there: whoever takes it for unsaid would say it twice.
  expect((await failure(write(broken), "unavailable")).outcome).toBe("unknown");
  expect((await acme.users()).items).toEqual([]);
  expect((await write(acme)).replayed).toBe(true);
  expect((await acme.users()).items).toEqual(["ana"]);
});
