import { MemoryError } from "@relevo/core";
import { expect, it } from "vitest";
import { createMemory, type MemoryStore } from "../../src/index.ts";
import { oneStore, texts, twoStores, user } from "../fixture.ts";

const dayMs = 24 * 3600 * 1000;

/** The store, which lets another writer act before this call of its log, once. */
function before(
  store: MemoryStore,
  method: "seal" | "erase" | "delete" | "trim",
  run: () => Promise<unknown>,
) {
  let isOpen = true;
  const log = new Proxy(store.log, {
    get(target, name) {
      const call = Reflect.get(target, name) as (...args: unknown[]) => Promise<unknown>;
      if (name !== method) return typeof call === "function" ? call.bind(target) : call;
      return async (...args: unknown[]) => {
        const isFirst = isOpen;
        isOpen = false;
        if (isFirst) await run();
        return call.apply(target, args);
      };
    },
  });
  return { ...store, log };
}

it("a session that is written while it is erased for its age keeps what was written", async () => {
  // Before the seal; behind it; and when it was opened again to remove its documents.
  for (const [method, outcome] of [
    ["seal", "stays"],
    ["erase", "sealed"],
    ["delete", "written"],
    ["delete", "sealed"],
  ] as const) {
    const { store, clock, memory } = oneStore();
    const session = memory.tenant("acme").session("s");
    await session.append([user("old one"), user("old two")]);
    if (outcome === "written") await session.working.remember("step", 1);
    clock.advance(40 * dayMs);
    let refusal: unknown;
    const write = () => session.append(user("new")).catch((error: unknown) => (refusal = error));
    const acme = createMemory({ store: before(store, method, write), clock }).tenant("acme");
    const policies = [{ sessions: { idleMs: 30 * dayMs }, action: "erase" }] as const;
    const report = await acme.retention(policies).apply();
    const left = texts(await memory.tenant("acme").session("s").messages());
    const isSealed = outcome === "sealed";
    expect(report, `${method} ${outcome}`).toMatchObject(
      isSealed ? { sessions: 1, skipped: 0 } : { sessions: 0, skipped: 1 },
    );
    expect(MemoryError.isInstance(refusal, "conflict")).toBe(isSealed);
    if (outcome === "stays") expect(left).toEqual(["old one", "old two", "new"]);
    if (outcome === "written") expect(left).toEqual(["new"]);
    if (isSealed) expect(await memory.tenant("acme").session("s").head()).toBeUndefined();
    // It can be written again in any case, and an erasure that was asked for takes all of it.
    await memory.tenant("acme").session("s").append(user("later"));
    await memory.tenant("acme").erase({ session: "s" });
    expect(await memory.tenant("acme").session("s").head()).toBeUndefined();
  }
});

it("a session that has ended meanwhile ends no run", async () => {
  const { store, clock, memory } = oneStore();
  const acme = memory.tenant("acme");
  for (const id of ["a", "b"]) {
    await acme.session(id).append([user("old one"), user("old two")]);
    await acme.session(id).fork({ id: `${id}-fork` });
  }
  clock.advance(40 * dayMs);
  const idle = { sessions: { idleMs: 30 * dayMs } };
  const erasing = acme.retention([{ ...idle, action: "erase" }]);
  // A fork goes with its session, and is due by itself, too.
  expect((await erasing.plan()).sessions).toBe(4);
  expect(await erasing.apply()).toMatchObject({ sessions: 4, skipped: 0, more: false });
  for (const policy of [
    { ...idle, action: "archive" },
    { events: { keep: 1 } },
    { events: { keep: 1, derived: "keep" } },
  ] as const) {
    const session = acme.session("c");
    await session.append([user("old one"), user("old two")]);
    clock.advance(40 * dayMs);
    const end = () => store.log.delete(session.address);
    const method = "action" in policy ? "seal" : "derived" in policy.events ? "trim" : "erase";
    const own = createMemory({ store: before(store, method, end), archive: oneStore().store, clock });
    expect(await own.tenant("acme").retention([policy]).apply()).toMatchObject({ skipped: 1 });
    expect(await session.head()).toBeUndefined();
  }
});

it("an erasure that a crash ended takes what it was for, and is resumed by the next one", async () => {
  const { store, clock, memory } = oneStore();
  const acme = memory.tenant("acme");
  await acme.session("s").append(user("old"));
  clock.advance(40 * dayMs);
  const crash = async () => {
    throw new Error("The process ended.");
  };
  const policies = [{ sessions: { idleMs: 30 * dayMs }, action: "erase" }] as const;
  const other = createMemory({ store: before(store, "delete", crash), clock }).tenant("acme");
  await expect(other.retention(policies).apply()).rejects.toThrow("ended");
  expect(await acme.retention(policies).apply()).toMatchObject({ sessions: 1 });
  expect(await acme.session("s").head()).toBeUndefined();
  expect(await acme.resumeErasures()).toEqual([]);
});

it("a hold that is set while retention runs wins over what is removed afterwards", async () => {
  const { memory, durable, clock, durableFaults } = twoStores("durable");
  const acme = memory.tenant("acme");
  for (const who of ["a", "b", "c"]) {
    const session = acme.session(`of ${who}`, { subject: who });
    await session.append([user("one"), user("two")]);
    await session.user.remember("note", who);
    await session.agent("clerk").remember(`of ${who}`, who, { tier: "durable" });
  }
  clock.advance(40 * dayMs);
  const selections = [
    [{ users: { olderThanMs: dayMs } }],
    [{ agents: { olderThanMs: dayMs } }],
    [{ events: { keep: 1 } }],
    [{ sessions: { idleMs: dayMs }, action: "erase" }],
  ] as const;
  for (const policies of selections) {
    const plan = await acme.retention([...policies]).plan();
    // When all is found and nothing removed.
    const hold = async () => {
      for (const who of ["a", "b", "c"]) await acme.hold({ user: who }, { reason: "court" });
    };
    const holdLater = async (): Promise<void> => {
      durableFaults.after = { method: "find", run: hold };
    };
    const isByDocument = "users" in policies[0] || "agents" in policies[0];
    const { log } = durable;
    const held = { ...durable, log: Object.assign(Object.create(log), log) };
    if (isByDocument) durableFaults.after = { method: "find", run: holdLater };
    else {
      const { list } = log;
      held.log.list = async (...args: Parameters<typeof list>) => {
        const page = await list.apply(log, args);
        await hold();
        return page;
      };
    }
    const { volatile } = twoStores();
    const other = createMemory({ volatile, durable: held, sessions: "durable", clock }).tenant("acme");
    const report = await other.retention([...policies]).apply();
    expect(plan.held).toBe(0);
    expect(report, JSON.stringify(policies)).toMatchObject({ sessions: 0, events: 0, documents: 0, held: 3 });
    for (const who of ["a", "b", "c"]) await acme.release({ user: who });
    durableFaults.after = undefined;
  }
  expect(await acme.user("a").recall("note")).toBe("a");
});

it("memories of people and entries of workspaces go with their past values and copies", async () => {
  const { clock, volatile, durable } = twoStores();
  const history = { users: 3, workspaces: 3 };
  const acme = createMemory({ volatile, durable, sessions: "volatile", clock, history }).tenant("acme");
  const ana = acme.user("ana");
  const brand = acme.workspace("brand");
  const notes = acme.agent("clerk").for("ana");
  const places = [ana, notes, brand];
  for (const place of places) {
    await place.remember("old", "draft", { tier: "both" });
    await place.remember("old", "value", { tier: "both" });
    await place.remember("pinned", 1, { tags: ["pinned"] });
    await place.remember("changed", "first");
  }
  await acme.user("eva").remember("old", 1);
  await acme.workspace("other").remember("old", 1);
  clock.advance(40 * dayMs);
  for (const place of places) await place.remember("changed", "second");
  await acme.hold({ user: "eva" }, { reason: "court" });
  const one = acme.retention([
    { users: { olderThanMs: 30 * dayMs, user: "ana" } },
    { workspaces: { olderThanMs: 30 * dayMs, workspace: "brand" } },
  ]);
  // Each has the old one with its past value, and the past value of the changed one.
  const plan = await one.plan();
  expect(plan.policies).toMatchObject([{ documents: 6 }, { documents: 3 }]);
  expect((await one.apply()).policies).toEqual(plan.policies);
  for (const place of places) {
    expect([await place.recall("old"), await place.recall("pinned"), await place.recall("changed")]).toEqual([
      undefined,
      1,
      "second",
    ]);
    expect(await place.history("old")).toEqual([]);
    expect(await place.history("changed")).toEqual([]);
  }
  const all = acme.retention([
    { users: { olderThanMs: 30 * dayMs } },
    { workspaces: { olderThanMs: 30 * dayMs } },
  ]);
  expect((await all.apply()).policies).toMatchObject([{ documents: 0, held: 1 }, { documents: 1 }]);
  expect(await acme.user("eva").recall("old")).toBe(1);
});
