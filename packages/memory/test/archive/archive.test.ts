import { MemoryError } from "@relevo/core";
import { createMemoryStore } from "@relevo/store-memory";
import { describe, expect, it } from "vitest";
import { createMemory, type MemoryStore } from "../../src/index.ts";
import { transferOf } from "../../src/portability/export-lines.ts";
import { everythingIn, other, person, plant } from "../erasure/plant.ts";
import { aborted, assistant, failure, oneStore, storyCount, texts, twoStores, user } from "../fixture.ts";
import { canary, interruptEach, plantCase, textOf } from "./interrupted.ts";
import { movesAtOnce, writersAndMovers } from "./races.ts";

describe("a session", () => {
  it("is moved into the archive and back as it was", async () => {
    const { memory, clock, volatile, durable } = twoStores();
    const acme = memory.tenant("acme");
    const before = await plantCase(acme);
    const head = await acme.session("case").head();
    clock.advance(1_000);
    const moved = await acme.archive("case");
    expect(moved).toEqual({ session: "case", incarnation: head?.incarnation, version: 6, moved: true });
    expect((await acme.sessions()).items).toEqual([]);
    expect(await everythingIn(volatile, ["acme"])).not.toContain(canary);
    const archived = (await acme.archived()).items;
    expect(archived).toMatchObject([
      { session: "case", subject: "juan", metadata: { title: "Plan" }, archivedAt: clock.now(), version: 6 },
    ]);
    expect(Object.keys(archived[0]?.metadata ?? {})).toEqual(["title"]);
    expect(await acme.archive("case")).toEqual({ ...moved, moved: false });
    // An archive keeps what it has.
    clock.advance(24 * 3_600_000);
    expect((await acme.archived()).items).toHaveLength(1);
    expect(await textOf(acme, { session: "case" })).toContain(`"archived":`);
    expect(await acme.restore("case")).toEqual(moved);
    expect(await acme.restore("case")).toEqual({ ...moved, moved: false });
    const after = await textOf(acme, { session: "case" });
    // All but the note whose own time was over.
    const bare = (text: string): string[] =>
      text.split("\n").map((line) => line.replaceAll(/,"sum":.*|"documents":\d+,/gu, ""));
    expect(bare(after)).toEqual(bare(before).filter((line) => !line.includes('"step"')));
    expect((await acme.session("case").head())?.expiresAt).toBe(clock.now() + 3_600_000);
    expect(await everythingIn(durable, ["acme"])).not.toContain(canary);
    expect((await acme.archived()).items).toEqual([]);
    const again = [user("Hola"), assistant(canary)];
    const retry = await acme.session("case").append(again, { operationId: "request-1" });
    expect(retry.replayed).toBe(true);
    await acme.session("case").append(user("goes on"));
  });

  it("is archived by its object, or at the end of its block, and not written through it afterwards", async () => {
    const { memory } = twoStores();
    const acme = memory.tenant("acme");
    {
      await using session = acme.session("block", { onDispose: "archive" });
      await session.append(user("Hola"));
    }
    {
      await using _never = acme.session("never written", { onDispose: "archive" });
    }
    expect((await acme.archived()).items.map(({ session }) => session)).toEqual(["block"]);
    const session = acme.session("object");
    await session.append(user("Hola"));
    expect((await session.archive()).moved).toBe(true);
    await failure(session.append(user("late")), "history-lost");
    await failure(session.messages(), "history-lost");
    expect((await acme.restore("object")).moved).toBe(true);
    await session.append(user("goes on"));
    expect(texts(await acme.session("object").messages())).toEqual(["Hola", "goes on"]);
  });

  it("needs a place to be moved to, and to be there", async () => {
    const { memory, store } = oneStore();
    const acme = memory.tenant("acme");
    await acme.session("case").append(user("x"));
    const error = await failure(acme.archive("case"), "unsupported");
    expect(error.message).toContain("createMemory({ archive: store })");
    await failure(acme.restore("case"), "unsupported");
    await failure(acme.archived(), "unsupported");
    await failure(acme.archiveIdle({ idleMs: 1 }), "unsupported");
    expect(() => acme.session("case", { onDispose: "archive" })).toThrow("no archive");
    expect(() => createMemory({ store, archive: store })).toThrow("another store");
    await using elsewhere = createMemoryStore();
    const withArchive = createMemory({ store, archive: elsewhere }).tenant("acme");
    await failure(withArchive.archive("nobody"), "not-found");
    await failure(withArchive.restore("nobody"), "not-found");
    await failure(withArchive.archive(""), "invalid-input");
    await failure(withArchive.archive("case", { forks: "yes" as never }), "invalid-input");
    await failure(withArchive.archive("case", { waitMs: -1 }), "invalid-input");
    await failure(withArchive.archiveIdle({ idleMs: Number.NaN }), "invalid-input");
    await failure(withArchive.archiveIdle({} as never), "invalid-input");
    await failure(withArchive.archive("case", aborted()), "aborted");
    expect((await withArchive.archive("case")).moved).toBe(true);
    expect((await withArchive.restore("case")).moved).toBe(true);
  });

  it("is not moved onto itself when two store objects are over the same data", async () => {
    const { store, clock } = oneStore();
    const acme = createMemory({ store, archive: { ...store }, clock }).tenant("acme");
    const before = await plantCase(acme);
    for (const isSealed of [false, true]) {
      const { log } = transferOf(store);
      if (isSealed) await log.seal({ tenant: "acme", session: "case" });
      for (const move of ["archive", "restore"] as const) {
        const { message } = await failure(acme[move]("case"), "unsupported");
        expect(message).toContain("hold the same data");
      }
      await failure(acme.archiveIdle({ idleMs: 0 }), "unsupported");
      if (isSealed) await log.unseal({ tenant: "acme", session: "case" });
      expect(await textOf(acme, { session: "case" })).toBe(before);
    }
    // While others write, as well.
    const writing = (async () => {
      for (let n = 0; n < 30; n++) await acme.session("case").append(user(`${n}`));
    })();
    const error = await acme.archive("case").catch((reason: unknown) => reason);
    await writing;
    expect(error).toMatchObject({ code: expect.stringMatching(/unsupported|conflict/u) });
    expect(await acme.session("case").messages()).toHaveLength(32);
  });

  it("is not moved in the middle of a turn", async () => {
    const { memory } = twoStores();
    const acme = memory.tenant("acme");
    await acme.session("case").turn(async (turn) => {
      await turn.append(user("x"));
      expect((await failure(acme.archive("case", { waitMs: 0 }), "conflict")).details.conflict).toBe("lease");
      await turn.append(user("y"));
    });
    expect((await acme.archive("case")).version).toBe(2);
  });

  it("is another one when its id was taken meanwhile", async () => {
    const { memory } = twoStores();
    const acme = memory.tenant("acme");
    await acme.session("case").append(user("first"));
    await acme.archive("case");
    await acme.session("case").append(user("second"));
    expect((await failure(acme.restore("case"), "conflict")).details.conflict).toBe("incarnation");
    expect((await failure(acme.archive("case"), "conflict")).details.conflict).toBe("incarnation");
    expect(texts(await acme.session("case").messages())).toEqual(["second"]);
    await acme.session("case").delete();
    await acme.restore("case");
    expect(texts(await acme.session("case").messages())).toEqual(["first"]);
  });

  it("takes its forks along, and idle ones are archived by policy", async () => {
    const { memory, clock, volatile } = twoStores();
    const acme = memory.tenant("acme");
    await acme.session("case").append([user("1"), user("2")]);
    const fork = await acme.session("case").fork({ id: "fork" });
    await fork.fork({ id: "fork of fork" });
    await acme.archive("case", { forks: true });
    expect((await acme.archived()).items.map(({ session }) => session)).toEqual([
      "case",
      "fork",
      "fork of fork",
    ]);
    // All of it back, wherever a part is by then.
    await acme.restore("fork");
    expect((await acme.restore("case", { forks: true })).moved).toBe(true);
    expect((await acme.archived()).items).toEqual([]);
    expect((await acme.sessions()).items).toHaveLength(3);
    expect((await acme.restore("case", { forks: true })).moved).toBe(false);
    await acme.archive("fork");
    await acme.archive("case", { forks: true });
    expect((await acme.sessions()).items).toEqual([]);
    await failure(acme.restore("case", { forks: 1 as never }), "invalid-input");
    // One that was sealed by a move which ended there.
    await acme.restore("case", { forks: true });
    await transferOf(volatile).log.seal({ tenant: "acme", session: "fork of fork" });
    await acme.restore("case", { forks: true });
    await acme.session("fork of fork").append(user("goes on"));
    await acme.archive("case", { forks: true });
    for (const id of ["a", "b", "c"]) {
      await acme.session(id).append(user(id));
      clock.advance(1_000);
    }
    const lease = await acme.session("a").lease();
    const report = await acme.archiveIdle({ idleMs: 2_000 });
    expect(report.archived.map(({ session }) => session)).toEqual(["b"]);
    expect(report.failed).toMatchObject([{ session: "a", error: { code: "conflict" } }]);
    expect(report.more).toBe(false);
    expect(await acme.archiveIdle({ idleMs: 0, limit: 1 })).toMatchObject({ more: true });
    await lease.release();
  });
});

describe("a move that ends early", () => {
  // Before every call, and after it: `interrupted.slow.test.ts`.
  it.each([
    ["archive", false],
    ["restore", true],
  ] as const)("%s: nothing is lost, nothing twice, and another call completes it", async (move, once) => {
    expect(await interruptEach(move, { once, step: 6 })).toBeGreaterThan(10);
  });

  it("is in use again when the archive takes nothing", async () => {
    const { memory, durableFaults, volatile } = twoStores();
    const acme = memory.tenant("acme");
    const before = await plantCase(acme);
    durableFaults.failing.add("importDocuments" as never);
    await failure(acme.archive("case"), "unavailable");
    expect(await textOf(acme, { session: "case" })).toBe(before);
    await acme.session("case").append(user("goes on"));
    durableFaults.failing.clear();
    expect((await acme.archive("case")).version).toBe(7);
    expect((await volatile.log.list("acme")).items).toEqual([]);
  });
});

/** The store with `meanwhile` done just before its log deletes a session, once. */
function beforeDelete(store: MemoryStore, meanwhile: () => Promise<unknown>): MemoryStore {
  let isDone = false;
  const log = new Proxy(store.log, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (name !== "delete" || typeof member !== "function") return member;
      return async (...args: unknown[]) => {
        const isFirst = !isDone;
        isDone = true;
        if (isFirst) await meanwhile();
        return await Reflect.apply(member, target, args);
      };
    },
  });
  return { ...store, log };
}

describe("an archive after a restore that did not end", () => {
  it("brings nothing back that was removed in between", async () => {
    const { memory, volatile, durable } = twoStores();
    const acme = memory.tenant("acme");
    const session = acme.session("case");
    await session.append([user("trimmed"), user("1")]);
    await session.working.remember("forgotten", 1);
    await acme.archive("case");
    const killed = beforeDelete(durable, () => Promise.reject(new Error("killed")));
    const broken = createMemory({ volatile, durable: killed, sessions: "volatile" }).tenant("acme");
    await expect(broken.restore("case")).rejects.toThrow("killed");
    await session.working.forget("forgotten");
    await session.trim({ beforeSeq: 2 });
    await session.append(user("2"));
    await acme.archive("case");
    await acme.restore("case");
    expect(await session.working.recall("forgotten")).toBeUndefined();
    expect(texts(await session.messages())).toEqual(["1", "2"]);
  });

  it.each(["archive", "restore"] as const)("loses nothing when the %s slept past its lease", async (move) => {
    const { memory, volatile, durable, clock, errors } = twoStores();
    const acme = memory.tenant("acme");
    await acme.session("case").append(user("1"));
    if (move === "restore") await acme.archive("case");
    // Another process goes on meanwhile, and takes the session where it was.
    const meanwhile = async (): Promise<void> => {
      clock.advance(60_000);
      await acme.restore("case");
      await acme.session("case").append(user("2"));
      if (move === "restore") await acme.archive("case");
    };
    const slow = {
      archive: { volatile: beforeDelete(volatile, meanwhile), durable },
      restore: { volatile, durable: beforeDelete(durable, meanwhile) },
    }[move];
    const sleeper = createMemory({
      ...slow,
      sessions: "volatile",
      clock,
      onError: (error) => errors.push(error),
    });
    await failure(sleeper.tenant("acme")[move]("case"), "conflict");
    await acme.restore("case");
    expect(texts(await acme.session("case").messages())).toEqual(["1", "2"]);
  });
});

describe("calls at once", () => {
  it("move it once, in either direction", async () => {
    const { memory } = twoStores();
    const acme = memory.tenant("acme");
    const before = await plantCase(acme);
    for (let round = 0; round < 5; round++) {
      const archived = await Promise.all([acme.archive("case"), acme.archive("case"), acme.archive("case")]);
      expect(archived.filter(({ moved }) => moved)).toHaveLength(1);
      const mixed = await Promise.all([acme.restore("case"), acme.archive("case"), acme.restore("case")]);
      expect(mixed).toHaveLength(3);
      if ((await acme.archived()).items.length > 0) await acme.restore("case");
      expect(await textOf(acme, { session: "case" })).toBe(before);
    }
  });

  it("and writers lose nothing, and no acknowledged write", async () => {
    const { volatile, durable } = twoStores();
    await writersAndMovers({ volatile, durable }, storyCount(12));
    await movesAtOnce({ volatile, durable });
  });

  it("that end the session, end it in both places", async () => {
    for (const end of ["delete", "erase person", "erase session"] as const) {
      for (let steps = 0; steps < 30; steps += 10) {
        const { memory, volatile, durable } = twoStores();
        const acme = memory.tenant("acme");
        await plantCase(acme);
        const archiving = acme.archive("case").catch((error: unknown) => error);
        for (let step = 0; step < steps; step++) await Promise.resolve();
        if (end === "delete") await acme.session("case").delete();
        else await acme.erase(end === "erase person" ? { user: "juan" } : { session: "case" });
        await archiving;
        // A delete that comes after the move finds nothing to delete.
        if (end === "delete" && (await acme.archived()).items.length > 0) continue;
        const left = [await everythingIn(volatile, ["acme"]), await everythingIn(durable, ["acme"])].join();
        expect(left, `${end} after ${steps}`).not.toContain(canary);
        await failure(acme.restore("case"), "not-found");
      }
    }
  });

  it("that erase events of it, erase them in the copy", async () => {
    for (let steps = 0; steps < 40; steps += 8) {
      const { memory } = twoStores();
      const acme = memory.tenant("acme");
      const session = acme.session("case");
      await session.append([user("stays"), user("secret")]);
      const archiving = acme.archive("case").catch((error: unknown) => error);
      for (let step = 0; step < steps; step++) await Promise.resolve();
      const erased = await session.erase({ seqs: [2] }).catch((error: unknown) => error);
      await archiving;
      if (MemoryError.isInstance(erased)) continue;
      expect(await textOf(acme), `after ${steps}`).not.toContain("secret");
    }
  });
});

it("an erasure reaches the archive, also forks whose parents are elsewhere", async () => {
  const { memory, volatile, durable } = twoStores();
  await plant(memory, [volatile, durable]);
  const acme = memory.tenant("acme");
  // A parent here with its fork in the archive, which belongs to somebody else; and one the other way round.
  await acme.archive("fork-2");
  await acme.archive("chat-2");
  const planned = await acme.user(person).erase({ dryRun: true });
  expect(planned.removed).toMatchObject({ sessions: 4, events: 20 });
  const report = await acme.user(person).erase();
  expect(report).toMatchObject({ complete: true, removed: { ...planned.removed, derived: 2 } });
  const left = [await everythingIn(volatile), await everythingIn(durable)].join();
  expect(left).not.toContain(canary);
  expect((await acme.users()).items).toEqual([other]);
  expect((await acme.archived()).items).toEqual([]);
});

it("an erasure reaches what was derived from an archived session, also when its id was taken", async () => {
  const { memory, volatile, durable } = twoStores();
  await plant(memory, [volatile, durable]);
  const acme = memory.tenant("acme");
  await acme.archive("chat-2");
  await acme.session("chat-2", { subject: other }).append(user("I stay"));
  await volatile.documents.put(
    { tenant: "acme", namespace: ["facts", "all"], key: "of the next" },
    { value: "stays", derivedFrom: { events: await sourceOf(volatile, "chat-2") } },
  );
  expect((await acme.user(person).erase()).removed).toMatchObject({ sessions: 4, derived: 2 });
  const left = [await everythingIn(volatile), await everythingIn(durable)].join();
  expect(left).not.toContain(canary);
  expect(left).toContain('"stays"');
  expect(texts(await acme.session("chat-2").messages())).toEqual(["I stay"]);
});

it("a dry run counts a session once, however often it is met", async () => {
  const { memory } = twoStores();
  const acme = memory.tenant("acme");
  // More than a page of a list has: the forks are of one page, the sessions of the other.
  for (let count = 0; count < 30; count++) {
    const id = String(count).padStart(2, "0");
    await acme.session(`z-${id}`, { subject: person }).append(user(id));
    await acme.session(`z-${id}`).fork({ id: `a-${id}` });
  }
  await acme.archive("a-00");
  await acme.archive("z-01");
  const planned = await acme.user(person).erase({ dryRun: true });
  expect(planned.removed.sessions).toBe(60);
  expect((await acme.user(person).erase()).removed).toEqual(planned.removed);
});

it("an export of a session has its forks wherever they are, and no stranger with one of their ids", async () => {
  const { memory } = twoStores();
  const acme = memory.tenant("acme");
  await acme.session("case").append([user("1"), user("2")]);
  const fork = await acme.session("case").fork({ id: "fork" });
  await fork.fork({ id: "fork of fork" });
  await acme.archive("fork");
  const exported = async (): Promise<readonly string[]> =>
    (await textOf(acme, { session: "case" })).split("\n").flatMap((line) => {
      const { kind, session } = JSON.parse(line || "{}");
      return kind === "session" ? [session] : [];
    });
  expect((await exported()).toSorted()).toEqual(["case", "fork", "fork of fork"]);
  await acme.session("fork").append(user("a stranger"));
  expect(await textOf(acme, { session: "case" })).not.toContain("a stranger");
  await acme.archive("case");
  expect((await exported()).toSorted()).toEqual(["case", "fork", "fork of fork"]);
  // The one in use, where another one of the id is in the archive.
  await acme.session("case").append(user("next"));
  expect(await exported()).toEqual(["case"]);
  const { removed } = await acme.erase({ session: "case" });
  expect(removed.sessions).toBe(4);
});

it("an export of a tenant has the archive, and its import archives again", async () => {
  const { memory, volatile, durable } = twoStores();
  await plant(memory, [volatile, durable]);
  const acme = memory.tenant("acme");
  await acme.archive("chat-1");
  const text = await textOf(acme);
  const copy = twoStores();
  await copy.memory.tenant("acme").import([text]);
  expect(await textOf(copy.memory.tenant("acme"))).toBe(text);
  expect((await copy.memory.tenant("acme").archived()).items.map(({ session }) => session)).toEqual([
    "chat-1",
  ]);
  await copy.memory.tenant("acme").restore("chat-1");
  expect(texts(await copy.memory.tenant("acme").session("chat-1").messages())).toContain(canary);
});

async function sourceOf({ log }: MemoryStore, session: string) {
  const { incarnation = "", removalRevision = 0 } = (await log.head({ tenant: "acme", session })) ?? {};
  return { session, incarnation, removalRevision, ranges: [{ from: 1, to: 1 }] };
}
