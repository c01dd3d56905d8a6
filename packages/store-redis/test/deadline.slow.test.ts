import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { type CallOptions, MemoryError, type MemoryErrorCode, type Outcome } from "@relevo/core";
import { retryChannel } from "@relevo/core/input";
import { type FaultProxy, startFaultProxy } from "@relevo/fault-proxy";
import { type RedisServer, requireService, startRedis } from "@relevo/test-services";
import { createClient } from "redis";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { createRedisStore, type RedisStore } from "../src/index.ts";
import { RESP } from "./protocol.ts";
import { patient } from "./servers.ts";

/** Of the stores whose calls are cut off. What has to work goes through a patient one with the same client. */
const deadlineMs = 300;
/** A call that has not ended after this long ignores its deadline; far above what a busy machine needs. */
const hangMs = 60_000;
const wait = { timeout: 300_000 };
const address = (session: string) => ({ tenant: "acme", session });
const event = { type: "x-note" as const, body: "one" };

type Calls = Readonly<Record<string, (options: CallOptions) => Promise<unknown>>>;

function readsOf({ log, documents, maintenance }: RedisStore): Calls {
  const note = { tenant: "acme", namespace: ["notes"], key: "k" };
  return {
    read: (options) => log.read(address("s"), options),
    head: (options) => log.head(address("s"), options),
    operation: (options) => log.operation(address("s"), "one", options),
    list: (options) => log.list("acme", options),
    get: (options) => documents.get(note, options),
    find: (options) => documents.find({ tenant: "acme" }, options),
    namespaces: (options) => documents.namespaces({ tenant: "acme" }, options),
    tenants: (options) => maintenance.tenants(options),
    durability: (options) => maintenance.durability(options),
  };
}

function writesOf({ log, documents, leases }: RedisStore): Calls {
  const note = { tenant: "acme", namespace: ["notes"], key: "k" };
  return {
    append: (options) => log.append(address("s"), [event], options),
    touch: (options) => log.touch(address("s"), options),
    trim: (options) => log.trim(address("s"), { beforeSeq: 1, ...options }),
    erase: (options) => log.erase(address("s"), { seqs: [{ from: 1, to: 1 }], ...options }),
    delete: (options) => log.delete(address("s"), options),
    put: (options) => documents.put(note, { value: 1 }, options),
    remove: (options) => documents.delete(note, options),
    acquire: (options) => leases.acquire(address("s"), { ttlMs: 1000, ...options }),
  };
}

/** Each call ends in time, in one of these ways. */
async function expectAll(
  calls: Calls,
  codes: readonly MemoryErrorCode[],
  ...outcomes: readonly Outcome[]
): Promise<void> {
  const began = performance.now();
  const ends = await Promise.all(
    Object.entries(calls).map(async ([name, call]) => {
      const error = await call({}).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (!MemoryError.isInstance(error)) return `${name}: ${String(error)}`;
      return codes.includes(error.code) && outcomes.includes(error.outcome)
        ? undefined
        : `${name}: ${error.code}/${error.outcome}: ${error.message}`;
    }),
  );
  expect(ends.filter((end) => end !== undefined)).toEqual([]);
  expect(performance.now() - began).toBeLessThan(hangMs);
}

describe.skipIf(!requireService("redis", { for: "the deadlines of store-redis" }))(
  "every call ends by its deadline",
  () => {
    let redis: RedisServer;
    let proxy: FaultProxy;
    let client: ReturnType<typeof createClient>;
    let store: RedisStore;
    let steady: RedisStore;

    beforeAll(async () => {
      redis = await startRedis({ persistence: "always", args: ["--lua-time-limit", "20"] });
      proxy = await startFaultProxy({ target: { host: redis.host, port: redis.port } });
    });
    afterAll(async () => {
      await proxy?.stop();
      await redis?.stop();
    });
    beforeEach(async () => {
      await redis.command("FLUSHALL");
      client = createClient({ url: proxy.url(redis.url), RESP, socket: { reconnectStrategy: 10 } });
      client.on("error", () => undefined);
      await client.connect();
      store = createRedisStore({ client, deadlineMs });
      steady = createRedisStore({ client, ...patient });
      // The tenant is known and the scripts are loaded: what is tested are the calls themselves.
      await steady.log.append(address("other"), [event]);
      await vi.waitFor(() => store.log.append(address("known"), [event]), wait);
    });
    afterEach(async () => {
      await store.close();
      await steady.close();
      client.destroy();
    });

    const works = () =>
      vi.waitFor(async () => expect((await store.log.read(address("other"))).events).toHaveLength(1), wait);

    it("with no server: nothing was sent, and nothing is sent later", async () => {
      const direct = createClient({ url: redis.url, RESP, socket: { reconnectStrategy: 10 } });
      direct.on("error", () => undefined);
      await direct.connect();
      await using offline = createRedisStore({ client: direct, deadlineMs });
      await using again = createRedisStore({ client: direct, ...patient });
      await again.log.append(address("another"), [event]);
      await redis.kill();
      try {
        await vi.waitFor(() => expect(direct.isReady).toBe(false), wait);
        await expectAll(readsOf(offline), ["timeout"], "not-applied");
        await expectAll(writesOf(offline), ["timeout"], "not-applied");
      } finally {
        await redis.restart();
      }
      await works();
      expect((await again.log.append(address("another"), [event])).version).toBe(2);
      expect(await again.log.head(address("s"))).toBeUndefined();
      expect((await again.documents.find({ tenant: "acme" })).items).toEqual([]);
      direct.destroy();
    });

    it("with a half-open socket: a write may have been done, a read has done nothing", async () => {
      proxy.stall();
      await expectAll(readsOf(store), ["timeout"], "not-applied");
      await expectAll(writesOf(store), ["timeout"], "unknown");
      // What comes before the write is the registration of its tenant, and leaves the write in no doubt.
      const put = (options: CallOptions) =>
        store.documents.put({ tenant: "new", namespace: ["n"], key: "k" }, { value: 1 }, options);
      await expectAll({ put }, ["timeout"], "not-applied");
      proxy.resume();
      await works();
    });

    it("with a server that stands still, whose late answers poison nothing", async () => {
      const operation = { id: "once", fingerprint: "x" };
      redis.pause();
      await expectAll(readsOf(store), ["timeout"], "not-applied");
      const late = store.log.append(address("late"), [event], { operation });
      await expect(late).rejects.toMatchObject({ code: "timeout", outcome: "unknown", retryable: true });
      redis.resume();
      await works();
      const again = await steady.log.append(address("late"), [event], { operation });
      expect(again).toMatchObject({ firstSeq: 1, version: 1 });
      expect((await steady.log.read(address("late"))).events).toHaveLength(1);
    });

    it("with a server that runs another script", async () => {
      // Whoever waits for the endless script is told that it was killed.
      const endless = redis.command("EVAL", "while true do end", 0).catch(() => undefined);
      await vi.waitFor(async () => {
        await expect(redis.command("PING")).rejects.toThrow(/BUSY/u);
      }, wait);
      await expectAll(readsOf(store), ["unavailable", "timeout"], "not-applied");
      // Whether the last try was answered before the deadline is up to the machine.
      await expectAll(writesOf(store), ["unavailable", "timeout"], "not-applied", "unknown");
      await redis.command("SCRIPT", "KILL");
      await endless;
      await works();
      expect(await steady.log.head(address("s"))).toBeUndefined();
    });

    it("with a server that says at once that it runs another script: nothing was done", async () => {
      const busy = {
        sendCommand: async () => {
          throw new Error("BUSY Redis is busy running a script.");
        },
      };
      await using refused = createRedisStore({ client: busy, deadlineMs });
      await expectAll(readsOf(refused), ["unavailable", "timeout"], "not-applied");
      await expectAll(writesOf(refused), ["unavailable", "timeout"], "not-applied");
    });

    it("says how often it has tried, so that nobody retries on top of it, and publishes each further try", async () => {
      let calls = 0;
      let published = 0;
      const note = (notice: unknown): void => {
        expect(notice).toEqual({ name: "redis", attempt: ++published, code: "unavailable" });
      };
      subscribe(retryChannel, note);
      const busy = {
        sendCommand: async () => {
          calls++;
          throw new Error("BUSY Redis is busy running a script.");
        },
      };
      await using refused = createRedisStore({ client: busy, deadlineMs: 5_000 });
      const error = await refused.log.head(address("s")).catch((reason: unknown) => reason);
      unsubscribe(retryChannel, note);
      expect(error).toMatchObject({ details: { attempts: calls } });
      expect(calls).toBeGreaterThan(1);
      expect(published).toBe(calls - 1);
    });

    it("with a slow server, all steps of a call together", async () => {
      const slowMs = 6_000;
      await using slow = createRedisStore({ client, deadlineMs: slowMs });
      const { log, documents, maintenance } = slow;
      const note = { tenant: "acme", namespace: ["notes"], key: "k" };
      await documents.put(note, { value: 1, ttlMs: 3_600_000 });
      await documents.put({ ...note, ...address("other") }, { value: 1 });
      await log.append(address("source"), [event], { operation: { id: "one", fingerprint: "x" } });
      await log.seal(address("source"));
      const batch = await log.exportEvents(address("source"));
      if (batch === undefined) throw new Error("There is nothing to import.");
      /** Calls of two steps and more; `name` is of what is not there yet. */
      const steps = (name: string): Calls => ({
        append: (options) => log.append({ tenant: `${name} 3`, session: "s" }, [event], options),
        read: (options) =>
          log.read(address("other"), { types: ["message"], direction: "backward", ...options }),
        readNothing: (options) => log.read(address("gone"), { direction: "backward", ...options }),
        headOfNothing: (options) => log.head(address("none"), options),
        list: (options) => log.list("acme", options),
        import: (options) => log.importEvents(address(`copy for ${name}`), batch, options),
        get: (options) => documents.get(note, options),
        getMany: (options) => documents.getMany([note, { ...note, key: "another" }], options),
        find: (options) => documents.find({ tenant: "acme" }, options),
        namespaces: (options) => documents.namespaces(address("other"), options),
        put: (options) => documents.put({ ...note, tenant: `${name} 1` }, { value: 1 }, options),
        putMany: (options) =>
          documents.putMany([{ address: { ...note, tenant: `${name} 2` }, value: 1 }], options),
        expire: (options) => maintenance.expire(options),
      });
      // The server knows the scripts then: what is slow are the steps.
      for (const call of Object.values(steps("first"))) await call({});
      // The newest events were all asked for, and so will be tried for first.
      await log.read(address("other"), { direction: "backward" });
      await log.append(address("gone"), [event]);
      await log.read(address("gone"), { direction: "backward" });
      await log.delete(address("gone"));
      // One step takes 4 s and is done in time, two are not: a deadline for each step would let them all be done.
      proxy.delay(slowMs / 3);
      try {
        expect((await log.head(address("other")))?.version).toBe(1);
        const ends = await Promise.all(
          Object.entries(steps("second")).map(async ([name, call]) => {
            const end = await call({}).then(
              () => "done",
              (error: unknown) => (MemoryError.isInstance(error) ? error.code : String(error)),
            );
            return `${name}: ${end}`;
          }),
        );
        expect(ends).toEqual(Object.keys(steps("")).map((name) => `${name}: timeout`));
      } finally {
        proxy.delay(0);
      }
      await works();
    });

    it("with a client that its owner has closed, at once", async () => {
      client.destroy();
      // With a deadline that nobody would wait for.
      await expectAll(readsOf(steady), ["unavailable"], "not-applied");
      await expectAll(writesOf(steady), ["unavailable"], "not-applied");
      client = createClient({ url: redis.url, RESP });
      await client.connect();
    });

    it("with a signal, as soon as it fires", async () => {
      proxy.stall();
      const controller = new AbortController();
      const reason = new Error("enough");
      // With a deadline that nobody would wait for.
      const append = steady.log.append(address("s"), [event], { signal: controller.signal });
      const read = steady.log.read(address("s"), { signal: controller.signal });
      const told = Promise.allSettled([append, read]);
      controller.abort(reason);
      const [appended, readed] = await told;
      expect(appended).toMatchObject({ reason: { code: "aborted", cause: reason } });
      expect(readed).toMatchObject({ reason: { code: "aborted", outcome: "not-applied", cause: reason } });
      proxy.resume();
      await works();
    });

    it("and scripts that the server has forgotten are loaded again", async () => {
      await redis.command("SCRIPT", "FLUSH");
      expect((await steady.log.append(address("s"), [event])).version).toBe(1);
      await redis.kill();
      await redis.restart();
      await works();
      expect((await steady.log.append(address("s"), [event])).version).toBe(2);
      expect(
        (await steady.documents.put({ tenant: "acme", namespace: ["n"], key: "k" }, { value: 1 })).value,
      ).toBe(1);
    });

    it("and a write whose answer is lost is asked for again when it has an operation id", async () => {
      const operation = { id: "lost answer", fingerprint: "x" };
      const cut = proxy.cutAfter({ direction: "response", bytes: 0 });
      const { version } = await steady.log.append(address("other"), [event], { operation });
      await cut;
      expect(version).toBe(2);
      expect((await steady.log.read(address("other"))).events).toHaveLength(2);
      const second = proxy.cutAfter({ direction: "response", bytes: 0 });
      await expect(steady.log.append(address("other"), [event])).rejects.toMatchObject({
        code: "unavailable",
        outcome: "unknown",
      });
      await second;
    });
  },
);
