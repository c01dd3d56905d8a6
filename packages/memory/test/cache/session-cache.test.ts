import { execFile } from "node:child_process";
import { setImmediate as nextTurn } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { MemoryError, type ReadOptions, type View, type ViewStrategy } from "@relevo/core";
import { createMemoryStore } from "@relevo/store-memory";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  createMemory,
  type Memory,
  type MemoryOptions,
  type SessionCacheOptions,
  type Tenant,
} from "../../src/index.ts";
import { assistant, failure, texts, user } from "../fixture.ts";
import { countTimers } from "./count-timers.ts";
import { type RemoteStore, remote } from "./remote-log.ts";
import { createRewindableStore } from "./rewindable-store.ts";
import { newest } from "./shown-views.ts";

const memories: Memory[] = [];

function opened(options: MemoryOptions): Memory {
  const memory = createMemory(options);
  memories.push(memory);
  return memory;
}

interface Setting {
  readonly server: ReturnType<typeof createMemoryStore>;
  readonly store: RemoteStore;
  readonly memory: Memory;
  readonly acme: Tenant;
  /** Another process, as it were: with a store and a memory of its own. */
  readonly elsewhere: Tenant;
  /** The options of the reads that the first memory made. */
  readonly reads: (ReadOptions | undefined)[];
}

function setting(cache: SessionCacheOptions | boolean = true, view: ViewStrategy = newest(8)): Setting {
  const server = createMemoryStore({ sweepIntervalMs: 0 });
  const store = remote(server);
  const reads: (ReadOptions | undefined)[] = [];
  const log = {
    ...store.log,
    read: (...call: Parameters<typeof store.log.read>) => {
      reads.push(call[1]);
      return store.log.read(...call);
    },
  };
  const memory = opened({ store: { ...store, log }, view, cache });
  const elsewhere = opened({ store: remote(server), view, cache: false }).tenant("acme");
  return { server, store, memory, acme: memory.tenant("acme"), elsewhere, reads };
}

const isWhole = (options: ReadOptions | undefined): boolean => options?.unlessToken === undefined;

async function turn(tenant: Tenant, id: string, number: number): Promise<View> {
  const session = tenant.session(id);
  await session.append(user(`question ${number}`), { operationId: `q${number}` });
  const view = await session.view();
  await session.append(assistant(`answer ${number}`), { operationId: `a${number}` });
  return view;
}

afterEach(async () => {
  // Its timer would come in the middle of another test.
  await Promise.all(memories.splice(0).map((memory) => memory.close()));
  vi.restoreAllMocks();
  vi.useRealTimers();
});

it("takes room for the sessions that it holds, not for those that it may hold", () => {
  const taken = () => process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
  const store = createMemoryStore();
  const before = taken();
  opened({ store, cache: { sessions: 10_000_000 } });
  // For so many lru-cache's `max` reserves 400 MB.
  expect(taken() - before).toBeLessThan(100_000_000);
});

describe("turns of one process", () => {
  it("make three calls each without the cache, and two with it, from the first turn of a session on", async () => {
    for (const [cache, calls] of [
      [false, ["append", "read", "append"]],
      [true, ["append", "append"]],
    ] as const) {
      const { store, acme } = setting(cache);
      for (let number = 0; number < 40; number++) await turn(acme, "chat", number);
      expect(store.calls).toEqual(Array.from({ length: 40 }, () => calls).flat());
    }
  });

  it("make three calls when the session comes from elsewhere, and two after that", async () => {
    const { store, acme, elsewhere } = setting();
    await turn(elsewhere, "chat", 1);
    for (let number = 2; number < 5; number++) await turn(acme, "chat", number);
    expect(store.calls).toEqual(["append", "read", "append", "append", "append", "append", "append"]);
  });

  it("show a session that began with a memory, again and again, and the one that takes its place", async () => {
    for (const store of [undefined, createMemoryStore({ sweepIntervalMs: 0 })]) {
      const remote = setting();
      const acme = store === undefined ? remote.acme : opened({ store, cache: true }).tenant("acme");
      const shown: unknown[] = [];
      for (const step of [1, 2]) {
        const session = acme.session("chat");
        await session.working.remember("step", step);
        for (let count = 0; count < 3; count++) shown.push((await acme.session("chat").view()).version);
        const { incarnation } = session;
        const seen = acme.session("chat");
        await seen.view();
        expect(seen.incarnation).toBe(incarnation);
        // Not by the memory that has shown it.
        await (store ?? remote.server).log.delete(session.address);
      }
      expect(shown).toEqual([0, 0, 0, 0, 0, 0]);
    }
  });

  it("show what the uncached memory shows, whatever else is appended", async () => {
    const { store, acme, elsewhere } = setting(true, newest(5));
    for (let number = 0; number < 30; number++) {
      const session = acme.session("chat");
      if (number % 4 === 0) await session.append({ role: "system", content: `rule ${number}` });
      if (number % 3 === 0) await session.append({ type: "x-note", body: number }, { agent: "a" });
      await session.append([user(`question ${number}`), user("more")]);
      const [cached, plain] = [await session.view(), await elsewhere.session("chat").view()];
      expect(cached).toEqual(plain);
      expect(JSON.stringify(cached)).toBe(JSON.stringify(plain));
      await session.touch({ metadata: { number } });
    }
    expect(store.calls.filter((method) => method === "read")).toEqual([]);
  });

  it("keep more than a hundred pinned messages in view", async () => {
    const { acme, elsewhere, store } = setting(true, newest(3));
    const session = acme.session("chat");
    for (let number = 0; number < 170; number++)
      await session.append({ role: "system", content: `${number}` });
    expect(await session.view()).toEqual(await elsewhere.session("chat").view());
    expect(store.calls.filter((method) => method === "read")).toHaveLength(1);
  });
});

describe("a view that follows no append of its own", () => {
  it("asks the store, which answers nothing while nothing was written and everything after a write", async () => {
    const { acme, elsewhere, reads } = setting();
    await turn(acme, "chat", 1);
    expect(texts((await acme.session("chat").view()).messages)).toEqual(["question 1", "answer 1"]);
    expect(reads.map(isWhole)).toEqual([false]);
    await elsewhere.session("chat").append(user("from elsewhere"));
    expect(texts((await acme.session("chat").view()).messages).at(-1)).toBe("from elsewhere");
    expect(reads).toHaveLength(2);
  });

  it("asks when anything may have come in since the append: another tick, another object, another call", async () => {
    const { acme, reads } = setting();
    const session = acme.session("chat");
    await session.append(user("1"));
    await session.view();
    await session.view();
    expect(reads).toHaveLength(0);
    await nextTurn();
    await session.view();
    expect(reads).toHaveLength(1);
    await session.append(user("2"));
    await acme.session("chat").view();
    expect(reads).toHaveLength(2);
    await session.append(user("3"));
    await new Promise(process.nextTick);
    await session.view();
    expect(reads).toHaveLength(3);
    await session.append(user("4"));
    void session.head();
    await session.view();
    expect(reads).toHaveLength(4);
    await session.append(user("5"));
    void session.withGuard(async () => undefined);
    await session.view();
    expect(reads).toHaveLength(5);
  });

  it("asks after an append whose outcome is not known, and shows what became of it", async () => {
    const { server, acme } = setting();
    const session = acme.session("chat");
    await session.append(user("1"));
    const broken = remote(server);
    const log = {
      ...broken.log,
      async append(...call: Parameters<typeof broken.log.append>) {
        await broken.log.append(...call);
        throw new MemoryError("unavailable", "The answer was lost.", { outcome: "unknown" });
      },
    };
    const memory = opened({ store: { ...broken, log }, view: newest(8), cache: true });
    const unlucky = memory.tenant("acme").session("chat");
    await unlucky.view();
    await failure(unlucky.append(user("2")), "unavailable");
    expect(texts((await unlucky.view()).messages)).toEqual(["1", "2"]);
    expect(texts((await session.view()).messages)).toEqual(["1", "2"]);
  });

  it("does not add what a replay would have written", async () => {
    const { acme, elsewhere, reads } = setting();
    const session = acme.session("chat");
    await session.append(user("1"), { operationId: "a" });
    await session.append(user("1"), { operationId: "a" });
    expect(texts((await session.view()).messages)).toEqual(["1"]);
    expect(reads).toHaveLength(0);
    await elsewhere.session("chat").append(user("2"));
    await session.append(user("1"), { operationId: "a" });
    expect(texts((await session.view()).messages)).toEqual(["1", "2"]);
  });

  it("finds a failover by the token alone, when version and revisions are the same again", async () => {
    const { store: server, save } = createRewindableStore();
    const here = opened({ store: remote(server), view: newest(8), cache: true }).tenant("acme");
    const there = opened({ store: server, view: newest(8), cache: false }).tenant("acme");
    await here.session("chat").append(user("1"));
    const restore = save();
    await here.session("chat").append(user("lost"));
    restore();
    await there.session("chat").append(user("in its place"));
    const [view, plain] = [await here.session("chat").view(), await there.session("chat").view()];
    expect(texts(view.messages)).toEqual(["1", "in its place"]);
    expect(view).toEqual(plain);
    // A failover that nobody wrote after: the token is that of the older state.
    const again = save();
    await here.session("chat").append(user("lost too"));
    again();
    expect(await here.session("chat").view()).toEqual(plain);
    await here.session("chat").append(user("3"));
    expect(texts((await here.session("chat").view()).messages)).toEqual(["1", "in its place", "3"]);
  });

  it("is of the incarnation that its object means", async () => {
    const { acme, elsewhere } = setting();
    const old = acme.session("chat");
    await old.append(user("1"));
    await elsewhere.session("chat").delete();
    await turn(acme, "chat", 2);
    await failure(old.view(), "history-lost");
    expect(texts((await acme.session("chat").view()).messages)).toEqual(["question 2", "answer 2"]);
    expect(texts((await acme.session("other").view()).messages)).toEqual([]);
  });
});

describe("what is removed through the memory", () => {
  const removals: readonly (readonly [string, (tenant: Tenant) => Promise<unknown>])[] = [
    ["erase", (tenant) => tenant.session("chat").erase({ seqs: [1] })],
    ["trim", (tenant) => tenant.session("chat").trim({ beforeSeq: 2 })],
    ["undo", (tenant) => tenant.session("chat").undo()],
    ["clear", (tenant) => tenant.session("chat").clear()],
    ["delete", (tenant) => tenant.session("chat").delete()],
    [
      "a retraction",
      (tenant) =>
        tenant
          .session("chat")
          .append({ type: "retraction", body: { ranges: [{ from: 1, to: 1 }], reason: "no" } }),
    ],
  ];

  it.each(removals)("is let go of with the call: %s", async (_, remove) => {
    const { acme, reads } = setting();
    await turn(acme, "chat", 1);
    await remove(acme);
    reads.length = 0;
    await acme.session("chat").view();
    expect(reads.map(isWhole)).toEqual([true]);
  });

  /** A memory whose next call of this method is answered only when it is told to, long after the store has done it. */
  function held(method: "read" | "append") {
    const { server, store, reads } = setting();
    const [done, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let isFirst = true;
    const hold = async <Result>(call: Promise<Result>): Promise<Result> => {
      const result = await call;
      if (!isFirst) return result;
      isFirst = false;
      done.resolve();
      await released.promise;
      return result;
    };
    const log = {
      ...store.log,
      read: (...call: Parameters<typeof store.log.read>) => {
        reads.push(call[1]);
        return method === "read" ? hold(store.log.read(...call)) : store.log.read(...call);
      },
      append: (...call: Parameters<typeof store.log.append>) =>
        method === "append" ? hold(store.log.append(...call)) : store.log.append(...call),
    };
    const memory = opened({ store: { ...store, log }, view: newest(8), cache: true });
    const elsewhere = opened({ store: server }).tenant("acme");
    return { acme: memory.tenant("acme"), elsewhere, reads, done: done.promise, release: released.resolve };
  }

  it.each(removals)("is not kept by a read that was under way: %s", async (_, remove) => {
    const { acme, elsewhere, reads, done, release } = held("read");
    await turn(elsewhere, "chat", 1);
    const view = acme.session("chat").view();
    await done;
    await remove(acme);
    release();
    expect(texts((await view).messages)).toEqual(["question 1", "answer 1"]);
    reads.length = 0;
    await acme.session("chat").view();
    expect(reads.map(isWhole)).toEqual([true]);
  });

  it.each(removals)("is not kept by an append that was under way: %s", async (_, remove) => {
    const { acme, elsewhere, reads, done, release } = held("append");
    const session = acme.session("chat");
    const append = session.append(user("1"));
    await done;
    await remove(acme);
    release();
    const { incarnation } = await append;
    const view = await session.view().catch((error) => error.code);
    const present = await elsewhere.session("chat").head();
    if (present?.incarnation !== incarnation) expect(view).toBe("history-lost");
    else expect(view.messages).toEqual((await elsewhere.session("chat").view()).messages);
    expect(reads.filter(isWhole).length).toBeGreaterThan(0);
  });

  it("is let go of when the outcome of the call is not known", async () => {
    const { server, store, reads } = setting();
    const log = {
      ...store.log,
      erase: async () => {
        throw new MemoryError("unavailable", "The answer was lost.", { outcome: "unknown" });
      },
      read: (...call: Parameters<typeof store.log.read>) => {
        reads.push(call[1]);
        return server.log.read(...call);
      },
    };
    const acme = opened({ store: { ...store, log }, cache: true }).tenant("acme");
    await turn(acme, "chat", 1);
    await failure(acme.session("chat").erase({ seqs: [1] }), "unavailable");
    await acme.session("chat").view();
    expect(reads.map(isWhole)).toEqual([true]);
  });
});

describe("concurrent views", () => {
  it("share one read when they are called in one tick, and take no answer of an earlier one", async () => {
    const { acme, elsewhere, reads } = setting();
    await turn(elsewhere, "chat", 1);
    const sessions = Array.from({ length: 5 }, () => acme.session("chat"));
    const views = await Promise.all(sessions.map((session) => session.view()));
    expect(reads).toHaveLength(1);
    for (const view of views) expect(view).toEqual(views[0]);
    const before = acme.session("chat").view();
    await nextTurn();
    await nextTurn();
    await elsewhere.session("chat").append(user("later"));
    const after = acme.session("chat").view();
    expect(texts((await before).messages)).toEqual(["question 1", "answer 1"]);
    expect(texts((await after).messages).at(-1)).toBe("later");
  });

  it("take as much as the largest of them asks for", async () => {
    const { acme, elsewhere, reads } = setting();
    for (let number = 0; number < 20; number++) await turn(elsewhere, "chat", number);
    const session = acme.session("chat");
    const [small, large] = await Promise.all([
      session.view({ strategy: newest(2) }),
      session.view({ strategy: newest(30) }),
    ]);
    expect([small.messages.length, large.messages.length, reads.length]).toEqual([2, 30, 1]);
    expect(small).toEqual(await elsewhere.session("chat").view({ strategy: newest(2) }));
    await session.view({ strategy: newest(3) });
    expect(reads.map(isWhole)).toEqual([true, false]);
    await session.view({ strategy: newest(31) });
    expect(reads.map(isWhole)).toEqual([true, false, true]);
  });

  it("are aborted one by one, and the read with the last of them", async () => {
    const { server } = setting();
    const signals: (AbortSignal | undefined)[] = [];
    const store = remote(server);
    const log = {
      ...store.log,
      async read(...[address, options]: Parameters<typeof store.log.read>) {
        signals.push(options?.signal);
        return store.log.read(address, { ...options, signal: undefined });
      },
    };
    const tenant = opened({ store: { ...store, log }, cache: true }).tenant("acme");
    await tenant.session("chat").append(user("1"));
    const [one, two] = [new AbortController(), new AbortController()];
    const open = (signal?: AbortSignal) => tenant.session("chat").view({ signal });
    const mixed = Promise.allSettled([open(one.signal), open(two.signal), open()]);
    const abortable = Promise.resolve().then(() => one.abort());
    const [first, second, third] = await mixed;
    await abortable;
    expect([first.status, second.status, third.status]).toEqual(["rejected", "fulfilled", "fulfilled"]);
    expect(signals).toEqual([undefined]);
    const [three, four] = [new AbortController(), new AbortController()];
    const both = Promise.allSettled([open(three.signal), open(four.signal)]);
    await nextTurn();
    three.abort();
    expect(signals[1]?.aborted).toBe(false);
    four.abort();
    expect(signals[1]?.aborted).toBe(true);
    expect((await both).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    await failure(open(AbortSignal.abort()), "aborted");
    await open(five().signal);
    expect(signals.at(-1)).toBeInstanceOf(AbortSignal);
  });

  const five = (): AbortController => new AbortController();

  it("cannot be changed through what one of them shows", async () => {
    const server = createMemoryStore({ sweepIntervalMs: 0 });
    const store = remote(server);
    const log = {
      ...store.log,
      read: async (...call: Parameters<typeof store.log.read>) =>
        structuredClone(await store.log.read(...call)),
    };
    const tenant = opened({ store: { ...store, log }, view: newest(4), cache: true }).tenant("acme");
    await opened({ store: server }).tenant("acme").session("chat").append(user("1"));
    const { messages } = await tenant.session("chat").view();
    expect(() => Object.assign(messages[0] ?? {}, { content: "changed" })).toThrow(TypeError);
    expect(texts((await tenant.session("chat").view()).messages)).toEqual(["1"]);
  });
});

describe("the bounds", () => {
  const isKept = async ({ acme, reads }: Setting, id: string): Promise<boolean> => {
    reads.length = 0;
    await acme.session(id).view();
    return reads.every((options) => !isWhole(options));
  };

  it("keep so many sessions, those used last", async () => {
    const here = setting({ sessions: 2 });
    for (const id of ["a", "b"]) await turn(here.acme, id, 1);
    await here.acme.session("a").view();
    await turn(here.acme, "c", 1);
    expect(await isKept(here, "c")).toBe(true);
    expect(await isKept(here, "a")).toBe(true);
    expect(await isKept(here, "b")).toBe(false);
  });

  it("keep so many bytes, and no session that would take more than an eighth of them", async () => {
    const here = setting({ bytes: 80_000 });
    for (let index = 0; index < 8; index++)
      await here.acme.session(`s${index}`).append(user("x".repeat(4_000)));
    await here.acme.session("huge").append(user("x".repeat(5_000)));
    expect(await isKept(here, "huge")).toBe(false);
    for (let index = 0; index < 8; index++) expect(await isKept(here, `s${index}`), `${index}`).toBe(true);
    for (let index = 0; index < 9; index++)
      await here.acme.session(`t${index}`).append(user("x".repeat(4_000)));
    for (let index = 0; index < 8; index++) expect(await isKept(here, `s${index}`), `${index}`).toBe(false);
  });

  it("let a session go after its time, even when nobody calls, and leave no timer behind", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const sweeps = countTimers(250);
    const here = setting({ ttlMs: 1_000 });
    await turn(here.acme, "a", 1);
    await vi.advanceTimersByTimeAsync(600);
    // Whoever asks the store keeps the session for another lifetime.
    expect(await isKept(here, "a")).toBe(true);
    await vi.advanceTimersByTimeAsync(700);
    expect(await isKept(here, "a")).toBe(true);
    expect(sweeps()).toBe(1);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(sweeps()).toBe(0);
    expect(await isKept(here, "a")).toBe(false);
    await here.memory.close();
    expect(sweeps()).toBe(0);
    await failure(here.acme.session("a").view(), "closed");
  });

  it("do not keep the process alive", async () => {
    const entry = fileURLToPath(new URL("../../src/index.ts", import.meta.url));
    const store = fileURLToPath(new URL("../../../store-memory/src/index.ts", import.meta.url));
    const program = `
      const { createMemory } = await import(${JSON.stringify(entry)});
      const { createMemoryStore } = await import(${JSON.stringify(store)});
      const memory = createMemory({ store: createMemoryStore(), cache: { ttlMs: 1e9 } });
      await memory.tenant("t").session("s").append({ role: "user", content: "1" });
      console.log("done");`;
    const run = promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program], {
      timeout: 300_000,
    });
    expect((await run).stdout.trim()).toBe("done");
  });

  it("are refused by name when they are none", async () => {
    const store = createMemoryStore({ sweepIntervalMs: 0 });
    const open = async (cache: unknown) => opened({ store, cache } as Parameters<typeof createMemory>[0]);
    for (const cache of [
      { sessions: 0 },
      { bytes: 1.5 },
      { ttlMs: -1 },
      { ttlMs: 2 ** 31 },
      { size: 3 },
      7,
      "yes",
    ]) {
      const error = await failure(open(cache), "invalid-input");
      expect(error.message).toMatch(/cache/);
    }
  });
});

describe("when nobody says whether there is a cache", () => {
  it("there is one, unless the store is in this process", async () => {
    const server = createMemoryStore({ sweepIntervalMs: 0 });
    const far = remote(server);
    const read = vi.fn(server.log.read);
    const near = { ...server, log: { ...server.log, read } };
    await turn(opened({ store: far }).tenant("acme"), "chat", 1);
    await turn(opened({ store: near }).tenant("acme"), "other", 1);
    expect(far.calls).toEqual(["append", "append"]);
    expect(read).toHaveBeenCalledTimes(1);
  });
});

describe("a store in this process", () => {
  it("is asked for its present token, so that a view makes no read and misses no write", async () => {
    const server = createMemoryStore({ sweepIntervalMs: 0 });
    const read = vi.fn(server.log.read);
    const store = { ...server, log: { ...server.log, read } };
    const here = opened({ store, view: newest(8), cache: true }).tenant("acme");
    const there = opened({ store: server }).tenant("acme");
    for (let number = 0; number < 5; number++) await turn(here, "chat", number);
    expect(read).not.toHaveBeenCalled();
    const session = here.session("chat");
    await session.append(user("mine"));
    await there.session("chat").append(user("theirs"));
    expect(texts((await session.view()).messages).slice(-2)).toEqual(["mine", "theirs"]);
    expect(read).toHaveBeenCalledTimes(1);
    await there.session("chat").erase({ seqs: [12] });
    expect(texts((await session.view()).messages)).not.toContain("theirs");
  });
});
