import type { JsonValue, MemoryErrorCode } from "@relevo/core";
import { createMemoryStore } from "@relevo/store-memory";
import { expect, it } from "vitest";
import { createMemory } from "../src/index.ts";
import { failure, oneStore } from "./fixture.ts";

/** An array that says it is as long as arrays may be, and counts how often an element of it is asked for. */
function endless<Item>(item: Item): { readonly items: Item[]; reads: number } {
  const counted = { items: [] as Item[], reads: 0 };
  counted.items = new Proxy<Item[]>([], {
    get(target, key, receiver) {
      if (key === "length") return Number.MAX_SAFE_INTEGER;
      if (typeof key === "symbol" || !/^\d+$/u.test(key)) return Reflect.get(target, key, receiver);
      if (++counted.reads > 100_000) throw new Error("It was read without end.");
      return item;
    },
  });
  return counted;
}

it("an array without end is refused by its length, and no element of it is read", async () => {
  const session = oneStore().memory.tenant("acme").session("chat");
  await session.append({ role: "user", content: "x" });
  const tags = endless("t");
  const messages = endless({ role: "user", content: "x" } as const);
  const seqs = endless(1);
  const calls: readonly (readonly [MemoryErrorCode, () => Promise<unknown>])[] = [
    ["too-large", () => session.working.remember("k", 1, { tags: tags.items })],
    ["too-large", () => session.working.update("k", () => 1, { tags: tags.items })],
    ["too-large", () => session.agent("a").remember("k", 1, { tags: tags.items })],
    ["too-large", () => session.append(messages.items)],
    ["invalid-input", () => session.erase({ seqs: seqs.items })],
  ];
  for (const [code, call] of calls) await failure(call(), code);
  expect(tags.reads + messages.reads + seqs.reads).toBe(0);
  expect((await session.head())?.version).toBe(1);
});

it("what is too deep or has too many tags is refused by its own name", async () => {
  const { memory, store } = oneStore();
  const acme = memory.tenant("acme");
  let result: JsonValue = 1;
  for (let depth = 1; depth < store.limits.depth - 1; depth++) result = [result];
  const turn = (value: JsonValue) => acme.session("chat").turn(async () => value, { operationId: "t" });
  expect((await failure(turn([result]), "too-large")).details.field).toBe("result");
  expect(await turn(result)).toEqual(result);
  const tags = Array.from({ length: store.limits.tags }, (_, index) => `t${index}`);
  const inCategory = acme.workspace("w").remember("k", 1, { tags, category: "c" });
  expect((await failure(inCategory, "invalid-input")).message).toContain("category");
});

it("what throws when it is read is refused as input", async () => {
  const session = oneStore().memory.tenant("acme").session("chat");
  const boom = (): never => {
    throw new Error("BOOM");
  };
  const hostile = <Input extends object>(input: Input): Input => new Proxy(input, { get: boom });
  const revoked = Proxy.revocable<string[]>([], {});
  revoked.revoke();
  const message = { role: "user", content: "x" } as const;
  await failure(session.append(hostile(message)), "invalid-input");
  await failure(session.append([hostile(message)]), "invalid-input");
  await failure(session.append(revoked.proxy as never), "invalid-input");
  await failure(session.erase({ seqs: revoked.proxy as never }), "invalid-input");
  await failure(session.working.remember("k", 1, { tags: revoked.proxy }), "invalid-input");
  await failure(session.recordExecution({ error: hostile(new Error("x")) }), "invalid-input");
  expect(await session.head()).toBeUndefined();
});

it("what is no function is refused before anything is leased or written for it", async () => {
  const acme = oneStore().memory.tenant("acme");
  const session = acme.session("chat");
  const open = await session.beginTurn();
  expect(() => session.run(1 as never)).toThrow("work must be a function.");
  expect(() => open.run({} as never)).toThrow("work must be a function.");
  await open.abandon();
  const own = { operationId: "r-1", request: "x" };
  const calls = [
    session.turn(undefined as never, own),
    session.working.update("k", 1 as never),
    session.agent("a").update("k", {} as never),
    acme.agent("a").update("k", "x" as never),
    acme.user("ana").update("k", null as never),
  ];
  for (const call of calls) expect((await failure(call, "invalid-input")).message).toContain("function");
  expect(await session.head()).toBeUndefined();
  expect(await session.turn(async () => "y", own)).toBe("y");
});

it("metadata of the full size leaves room for what memory notes in it", async () => {
  const { memory, store, clock } = oneStore({ history: { agents: 3 } });
  const metadata = { m: "x".repeat(store.limits.metadataBytes - '{"m":""}'.length) };
  const archive = createMemoryStore({ clock, sweepIntervalMs: 0 });
  const acme = createMemory({ store, archive, clock }).tenant("acme");
  const session = acme.session("case", { metadata, subject: "ana" });
  await session.turn(
    async (turn) => {
      await turn.append({ type: "x-note", body: 1, metadata });
      turn.appendAtEnd({ type: "x-note", body: 2, metadata });
    },
    { operationId: "t".repeat(1024) },
  );
  expect(await (await session.fork({ id: "f".repeat(900) })).origin()).toMatchObject({ at: 3 });
  await session.archive();
  await acme.restore("case");
  expect((await acme.session("case").head())?.metadata).toEqual(metadata);
  const copy = createMemory({ store: createMemoryStore({ clock, sweepIntervalMs: 0 }) }).tenant("acme");
  await copy.import(acme.export());
  expect((await copy.session("case").head())?.metadata).toEqual(metadata);
  const clerk = memory.tenant("acme").session("case", { subject: "ana" }).agent("clerk");
  const category = "c".repeat(1000);
  for (const value of [1, 2])
    await clerk.remember("k", value, { metadata, category, tier: "durable", reason: "because" });
  const across = memory.tenant("acme").agent("clerk");
  expect(await across.entry("k")).toMatchObject({ value: 2, metadata, category });
  await across.revert("k", (await across.history("k"))[0]?.version ?? 0);
  expect(await across.entry("k")).toMatchObject({ value: 1, metadata, category });
});
