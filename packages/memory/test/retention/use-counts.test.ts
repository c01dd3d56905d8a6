import { type Document, MemoryError } from "@relevo/core";
import { createMemoryStore } from "@relevo/store-memory";
import { expect, it } from "vitest";
import { createMemory, type MemoryOptions, type MemoryStore, recencyUseAndWeight } from "../../src/index.ts";
import { everythingIn } from "../erasure/plant.ts";
import { failure, oneStore, user } from "../fixture.ts";

const dayMs = 24 * 3600 * 1000;
const stored = /"count":/;

it("by default a weight counts less with time, and more by at most double with use", () => {
  const at = (importance?: number): Document =>
    ({ updatedAt: 0, metadata: importance === undefined ? {} : { importance } }) as unknown as Document;
  const score = (importance: number | undefined, now: number, count?: number, lastAt = 0): number =>
    recencyUseAndWeight.score(at(importance), now, count === undefined ? undefined : { count, lastAt });
  expect(score(undefined, 0)).toBe(0.5);
  expect(score(0.4, 30 * dayMs)).toBe(0.2);
  // Ten uses: 0.4 × (1 + 10 / 20).
  expect(score(0.4, 0, 10)).toBeCloseTo(0.6);
  // Used a half-life later, and asked another one later: 0.4 × 1.5 / 2.
  expect(score(0.4, 60 * dayMs, 10, 30 * dayMs)).toBeCloseTo(0.3);
  expect(score(0.4, 0, 1e9)).toBeCloseTo(0.8);
  expect([score(1, 0, 50), score(0, 0, 50)]).toEqual([1, 0]);
});

it("what is recalled or found stays longer, and reads write nothing themselves", async () => {
  const hits = (key: string) => [
    { source: { kind: "document", namespace: ["relevo", "agents", "durable", "clerk"], key, version: 1 } },
    { source: { kind: "document", session: "s", namespace: ["relevo", "agents", "clerk"], key, version: 1 } },
    { source: { kind: "document", namespace: ["relevo:knowledge", "faq"], key, version: 1 } },
  ];
  const recall = { search: async () => ({ hits: hits("found") as never, missing: [] }) };
  const { memory, store, clock } = oneStore({ countUses: true, recall });
  const acme = memory.tenant("acme");
  const clerk = acme.agent("clerk");
  for (const key of ["read", "found", "unread"]) await clerk.remember(key, 1);
  clock.advance(40 * dayMs);
  expect(await clerk.recall("read")).toBe(1);
  expect(await clerk.recall("missing")).toBeUndefined();
  await acme.search({ text: "x" });
  expect(await everythingIn(store)).not.toMatch(stored);
  clock.advance(20 * dayMs);
  // Unread for 60 days: 0.5 / 4. Used once, 20 days ago: 0.5 × 12/11 × 0.5 ^ (2/3) = 0.34.
  const retention = acme.retention([{ agents: { belowImportance: 0.3 } }]);
  expect(await retention.plan()).toMatchObject({ documents: 1 });
  expect(await retention.apply()).toMatchObject({ documents: 1 });
  expect((await clerk.entries()).items.map(({ key }) => key)).toEqual(["found", "read"]);
  expect(await clerk.history("read")).toEqual([]);
  const all = acme.retention([{ agents: { belowImportance: 0.36, keep: 1 } }]);
  expect(await all.apply()).toMatchObject({ documents: 1 });
});

it("counts are added up over processes, and go with the memory, its person or its session", async () => {
  const { store, clock } = oneStore();
  const seen: unknown[] = [];
  const importance = {
    score: (document: Document, _now: number, use?: object) => seen.push(document.key, use),
  };
  const open = () => createMemory({ store, clock, importance, countUses: true });
  const [one, two] = [open(), open()];
  await one.tenant("acme").agent("clerk").remember("k", 1);
  for (const memory of [one, two, one]) await memory.tenant("acme").agent("clerk").recall("k");
  await Promise.all([one.close(), two.close()]);
  const acme = open().tenant("acme");
  const last = clock.now();
  await acme.retention([{ agents: { belowImportance: 0.1 } }]).plan();
  expect(seen).toEqual(["k", { count: 3, lastAt: last }]);
  const memory = open();
  const other = memory.tenant("acme");
  await other.user("ana").remember("city", "Paris");
  await other.agent("clerk").for("ana").remember("note", "x");
  const session = other.session("s", { subject: "ana" });
  await session.append([user("x")]);
  await session.agent("clerk").remember("learned", "x", { tier: "durable" });
  await other.workspace("w").remember("entry", 1);
  const read = async (): Promise<void> => {
    await other.user("ana").recall("city");
    await other.agent("clerk").for("ana").recall("note");
    await other.agent("clerk").recall("learned");
    await other.workspace("w").recall("entry");
  };
  await read();
  await other.retention([{ agents: { belowImportance: 0.1 } }]).plan();
  expect((await everythingIn(store)).match(/"count":/g)).toHaveLength(5);
  await read();
  // A later value does not part it from its counts.
  await acme.agent("clerk").remember("k", 2);
  await acme.agent("clerk").forget("k");
  await other.erase({ user: "ana" });
  await other.workspace("w").forget("entry");
  // Written after all of it is gone: refused, or not written at all.
  await memory.close();
  expect(await everythingIn(store)).not.toMatch(stored);
});

it("an export with counts can be imported", async () => {
  const { memory, clock } = oneStore({ countUses: true });
  await memory.tenant("acme").agent("clerk").remember("k", 1);
  await memory.tenant("acme").agent("clerk").recall("k");
  await memory.tenant("acme").agent("clerk").remember("k", 2);
  await memory
    .tenant("acme")
    .retention([{ agents: { belowImportance: 0.1 } }])
    .plan();
  const target = oneStore({ clock });
  await target.memory.tenant("acme").import(memory.tenant("acme").export());
  expect(await target.memory.tenant("acme").agent("clerk").recall("k")).toBe(2);
});

it("a store that cannot be reached fails no read, and what waits is bounded", async () => {
  const inner = createMemoryStore({ sweepIntervalMs: 0 });
  let writes = 0;
  let isDown = false;
  const putMany: typeof inner.documents.putMany = async (...given) => {
    if (isDown) throw new MemoryError("unavailable", "The store cannot be reached.");
    writes += given[0].length;
    return inner.documents.putMany(...given);
  };
  const documents = new Proxy(inner.documents, {
    get(target, method: "putMany" | "get") {
      return method === "putMany" ? putMany : target[method].bind(target);
    },
  });
  const store: MemoryStore = { limits: inner.limits, log: inner.log, documents };
  const errors: unknown[] = [];
  const onError = (error: unknown): number => errors.push(error);
  const memory = createMemory({ store, countUses: { most: 3 }, onError } as MemoryOptions);
  const clerk = memory.tenant("acme").agent("clerk");
  for (const key of ["a", "b", "c"]) await clerk.remember(key, 1);
  isDown = true;
  for (const key of ["a", "b", "c"]) expect(await clerk.recall(key)).toBe(1);
  await expect.poll(() => errors).toHaveLength(1);
  isDown = false;
  await clerk.recall("a");
  await memory.close();
  await memory.close();
  expect([errors.length, writes]).toEqual([1, 1]);
  await failure(clerk.recall("a"), "closed");
  for (const countUses of [{ most: 0 }, { flushMs: 2 ** 31 }, { every: 1 }, 1])
    expect(() => createMemory({ store, countUses } as never)).toThrow(MemoryError);
});
