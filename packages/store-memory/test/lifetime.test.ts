import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { isInProcessLog } from "@relevo/core";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createMemoryStore } from "../src/index.ts";
import { at, failure, open, says, tenant } from "./support.ts";

afterEach(() => {
  vi.useRealTimers();
});

describe("the present token", () => {
  it("is what a read answers, at once, and gone with the session", async () => {
    const { store, clock } = open();
    const { log } = store;
    if (!isInProcessLog(log)) throw new Error("A store in process knows its tokens.");
    expect(log.presentToken(at("a"))).toBeUndefined();
    const first = await log.append(at("a"), [says("1")], { ttlMs: 10 });
    expect(log.presentToken(at("a"))).toBe(first.token);
    await log.erase(at("a"), { seqs: [{ from: 1, to: 1 }] });
    expect(log.presentToken(at("a"))).toBe((await log.read(at("a"))).token);
    expect(log.presentToken(at("a"))).not.toBe(first.token);
    clock.advance(10);
    expect(log.presentToken(at("a"))).toBeUndefined();
    await store.close();
    expect(() => log.presentToken(at("a"))).toThrow(expect.objectContaining({ code: "closed" }));
  });
});

describe("room", () => {
  it("is taken for what is held, not for what may be", async () => {
    const taken = () => process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
    const before = taken();
    await using largest = createMemoryStore({ maxSessions: 2 ** 24, maxDocuments: 2 ** 24 });
    await largest.log.append(at("a"), [says("1")]);
    // For so many entries lru-cache's `max` reserves a gigabyte.
    expect(taken() - before).toBeLessThan(100_000_000);
  });
});

describe("the sweep", () => {
  it("does not keep the process alive", async () => {
    const entry = fileURLToPath(new URL("../src/index.ts", import.meta.url));
    const program = `
      const { createMemoryStore } = await import(${JSON.stringify(entry)});
      const store = createMemoryStore({ sweepIntervalMs: 1e9 });
      await store.log.append({ tenant: "t", session: "s" }, [{ type: "x-note", body: 1 }], { ttlMs: 1e9 });
      console.log("done");`;
    const run = promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program], {
      timeout: 300_000,
    });
    expect((await run).stdout.trim()).toBe("done");
  });

  it("frees expired sessions and documents in the background", async () => {
    vi.useFakeTimers();
    const { store, clock } = open({ sweepIntervalMs: 1000 });
    await store.log.append(at("a"), [says("1")], { ttlMs: 10 });
    await store.log.append(at("b"), [says("1")]);
    await store.documents.put({ tenant, namespace: ["n"], key: "k" }, { value: 1, ttlMs: 10 });
    clock.advance(10);
    expect(store.stats()).toMatchObject({ sessions: 2, documents: 1 });
    await vi.advanceTimersByTimeAsync(1000);
    expect(store.stats()).toMatchObject({ sessions: 1, documents: 0 });
    await store.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("frees many in parts", async () => {
    vi.useFakeTimers();
    const { store, clock } = open({ sweepIntervalMs: 1000 });
    for (let index = 0; index < 1200; index++)
      await store.log.append(at(`s${index}`), [says("1")], { ttlMs: 10 });
    clock.advance(10);
    await vi.advanceTimersByTimeAsync(1000);
    expect(store.stats().sessions).toBe(700);
    await vi.advanceTimersByTimeAsync(10);
    expect(store.stats().sessions).toBe(0);
    await store.close();
  });
});

describe("expiry", () => {
  it("is exact at the moment of a read, and what was seen expired stays gone when the clock goes back", async () => {
    const { store, clock } = open();
    await store.log.append(at("a"), [says("1")], { ttlMs: 1000 });
    clock.advance(999);
    expect(await store.log.head(at("a"))).toBeDefined();
    clock.advance(1);
    expect(await store.log.head(at("a"))).toBeUndefined();
    clock.advance(-500);
    expect(await store.log.head(at("a"))).toBeUndefined();
  });

  it("follows the last refresh, not the first", async () => {
    const { store, clock } = open({ ttlMs: 1000 });
    await store.log.append(at("a"), [says("1")]);
    clock.advance(900);
    await store.log.append(at("a"), [says("2")]);
    clock.advance(900);
    expect(await store.maintenance.expire()).toEqual({ sessions: 0, documents: 0, more: false });
    expect((await store.log.head(at("a")))?.version).toBe(2);
    clock.advance(100);
    expect(await store.maintenance.expire()).toEqual({ sessions: 1, documents: 0, more: false });
  });

  it("comes sooner when the lifetime is cut, and never when it is lifted", async () => {
    const { store, clock } = open();
    await store.log.append(at("cut"), [says("1")], { ttlMs: 10_000 });
    await store.log.touch(at("cut"), { ttlMs: 10 });
    await store.log.append(at("lifted"), [says("1")], { ttlMs: 10 });
    await store.log.touch(at("lifted"), { ttlMs: null });
    clock.advance(10);
    expect((await store.maintenance.expire()).sessions).toBe(1);
    clock.advance(1_000_000);
    expect((await store.maintenance.expire()).sessions).toBe(0);
    expect(await store.log.head(at("lifted"))).toBeDefined();
  });

  it("cuts a session document's time by the session's, which may still grow", async () => {
    const { store, clock } = open();
    const address = { ...at("a"), namespace: ["n"], key: "k" };
    await store.log.append(at("a"), [says("1")], { ttlMs: 1000 });
    const document = await store.documents.put(address, { value: 1, ttlMs: 5000 });
    expect(document.expiresAt).toBe(clock.now() + 1000);
    clock.advance(900);
    await store.log.append(at("a"), [says("2")]);
    expect((await store.documents.get(address))?.expiresAt).toBe(clock.now() + 1000);
    await store.log.touch(at("a"), { ttlMs: null });
    clock.advance(4099);
    expect(await store.documents.get(address)).toBeDefined();
    clock.advance(1);
    expect(await store.documents.get(address)).toBeUndefined();
  });
});

describe("operations of ended incarnations", () => {
  const operation = { id: "op", fingerprint: "f" };

  it("are history-lost for more than a day, then forgotten", async () => {
    const { store, clock } = open();
    await store.log.append(at("a"), [says("1")], { operation });
    await store.log.delete(at("a"));
    clock.advance(24 * 3600 * 1000);
    await failure(store.log.append(at("a"), [says("1")], { operation }), "history-lost");
    expect(store.stats().rememberedOperations).toBe(1);
    clock.advance(2 * 3600 * 1000);
    await store.maintenance.expire();
    expect(store.stats().rememberedOperations).toBe(0);
    expect((await store.log.append(at("a"), [says("1")], { operation })).firstSeq).toBe(1);
  });

  it("are bounded, oldest forgotten first, and the store says so once", async () => {
    const { store, errors } = open({ maxEndedOperations: 2 });
    for (const session of ["a", "b", "c", "d"]) {
      await store.log.append(at(session), [says("1")], { operation });
      await store.log.delete(at(session));
    }
    expect(store.stats().rememberedOperations).toBe(2);
    expect(errors).toHaveLength(1);
    expect((await store.log.append(at("a"), [says("1")], { operation })).firstSeq).toBe(1);
    await failure(store.log.append(at("d"), [says("1")], { operation }), "history-lost");
  });

  it("of evicted sessions count with them, and their day begins with the delete", async () => {
    const { store, clock, errors } = open({ maxEndedOperations: 2 });
    await store.log.append(at("a"), [says("1")], { operation });
    store.evict(at("a"));
    expect(store.stats().rememberedOperations).toBe(1);
    clock.advance(48 * 3600 * 1000);
    await store.log.delete(at("a"));
    clock.advance(24 * 3600 * 1000);
    await failure(store.log.append(at("a"), [says("1")], { operation }), "history-lost");
    for (const id of ["1", "2"]) {
      await store.log.append(at("b"), [says("1")], { operation: { ...operation, id } });
    }
    store.evict(at("b"));
    expect(store.stats().rememberedOperations).toBe(2);
    expect(errors).toHaveLength(1);
    for (const id of ["1", "2", "3"]) {
      await store.log.append(at("c"), [says("1")], { operation: { ...operation, id } });
    }
    store.evict(at("c"));
    expect(store.stats().rememberedOperations).toBe(0);
  });

  it("live again with an incarnation that is brought back", async () => {
    const { store } = open();
    const first = await store.log.append(at("a"), [says("1")], { operation });
    const batch = await store.log.exportEvents(at("a"));
    await store.log.delete(at("a"));
    if (batch === undefined) throw new Error("nothing was exported");
    await store.log.importEvents(at("a"), batch);
    await store.log.unseal(at("a"));
    const retry = await store.log.append(at("a"), [says("1")], { operation });
    const { token } = retry;
    // A replay appended nothing, so it has no time at which it did.
    const { recordedAt: _, ...result } = first;
    expect(retry).toEqual({ ...result, token, previousToken: token, replayed: true });
  });
});

describe("handles", () => {
  it("share the memory and end apart", async () => {
    const { store } = open();
    const other = store.handle();
    await store.log.append(at("a"), [says("1")]);
    await store.close();
    await store.close();
    await failure(store.log.head(at("a")), "closed");
    expect(() => store.handle()).toThrow(/closed/);
    expect(() => store.stats()).toThrow(/closed/);
    expect((await other.log.head(at("a")))?.version).toBe(1);
    const third = other.handle();
    await other[Symbol.asyncDispose]();
    expect(third.stats().sessions).toBe(1);
    await third.close();
  });

  it("refuse their own waiting acquirers when they close, and no others", async () => {
    const { store } = open();
    const other = store.handle();
    const lease = await store.leases.acquire(at("a"), { ttlMs: 60_000 });
    const ours = other.leases.acquire(at("a"), { ttlMs: 1000, waitMs: 60_000 });
    const theirs = store.leases.acquire(at("a"), { ttlMs: 1000, waitMs: 60_000 });
    const refused = failure(ours, "closed");
    await other.close();
    await refused;
    await lease.release();
    expect((await theirs).fence).toBeGreaterThan(lease.fence);
  });
});

describe("options", () => {
  it.each([
    { maxSessions: 0 },
    { maxDocuments: 1.5 },
    { ttlMs: -1 },
    { sweepIntervalMs: Number.NaN },
    { limits: { idBytes: 0 } },
    { maxSession: 5 },
  ])("refuses %j", (options) => {
    expect(() => createMemoryStore(options)).toThrow(expect.objectContaining({ code: "invalid-input" }));
  });
});
