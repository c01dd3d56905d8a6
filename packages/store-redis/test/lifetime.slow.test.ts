import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { SessionAddress } from "@relevo/core";
import { inTime } from "@relevo/store-conformance";
import { requireService } from "@relevo/test-services";
import { describe, expect, it, vi } from "vitest";
import { createRedisStore, type RedisStore, type RedisStoreOptions } from "../src/index.ts";
import { buckets } from "../src/keys.ts";
import { patient, useRedis } from "./servers.ts";

const note = (body: string) => ({ type: "x-note" as const, body });
const poll = { timeout: 300_000, interval: 50 };

interface Fixture {
  readonly store: RedisStore;
  /** Every key below the prefix, with what is left of its life; -1 for ever. */
  readonly keys: () => Promise<ReadonlyMap<string, number>>;
}

describe.skipIf(!requireService("redis", { for: "expiry in store-redis" }))("expiry", () => {
  const redis = useRedis();

  function open(options: Partial<RedisStoreOptions> = {}): Fixture {
    const prefix = `t-${randomUUID()}`;
    const [client] = redis.clients();
    return {
      store: createRedisStore({ client, prefix, ...patient, ...options }),
      async keys() {
        const found = new Map<string, number>();
        for (let cursor = "0"; ; ) {
          const [next, names] = (await client.sendCommand([
            "SCAN",
            cursor,
            "MATCH",
            `*${prefix}*`,
            "COUNT",
            "1000",
          ])) as [string, string[]];
          for (const name of names) {
            const left = Number(await client.sendCommand(["PTTL", name]));
            if (left !== -2) found.set(name.slice(name.indexOf(":")), left);
          }
          if (next === "0") return found;
          cursor = next;
        }
      },
    };
  }

  /** What may outlive everything: operations and fences for a day, and the names of tenants. */
  const mayStay = (key: string): boolean =>
    /(?::ops2?|:lease|:tenants|:seen|:changes|:ended|:owners)$/u.test(key);

  const isRegistry = (key: string): boolean => /:tenants(?:\}:seen)?$/u.test(key);

  async function fill(store: RedisStore, count: number): Promise<void> {
    for (let index = 0; index < count; index++) {
      const address = { tenant: "acme", session: `s-${index}` };
      await store.log.append(
        address,
        [note("one"), { type: "message", body: { role: "user", content: "two" } }],
        { init: { subject: "user-7" }, operation: { id: "one", fingerprint: "x" } },
      );
      await store.log.append(address, [{ ...note("three"), derivedFrom: [{ from: 1, to: 2 }] }]);
      await store.documents.put({ ...address, namespace: ["n"], key: "k" }, { value: 1, tags: ["t"] });
      await store.documents.put({ ...address, namespace: ["n"], key: "brief" }, { value: 1, ttlMs: 100 });
      const lease = await store.leases.acquire(address, { ttlMs: 100 });
      await lease.release();
    }
  }

  it("takes everything by itself, with no upkeep, when everything has a lifetime", async () => {
    const server = { tenant: "acme", advance: (ms: number) => sleep(ms) };
    await inTime(server, async ({ advance }, ttlMs) => {
      const { store, keys } = open({ ttlMs });
      await fill(store, buckets * 2);
      await store.documents.put(
        { tenant: "acme", namespace: ["n"], key: "k" },
        { value: 1, tags: ["t"], ttlMs: 300 },
      );
      expect((await keys()).size).toBeGreaterThan(buckets * 10);
      await advance(ttlMs);
      await vi.waitFor(
        async () => expect([...(await keys()).keys()].filter((key) => !mayStay(key))).toEqual([]),
        poll,
      );
      for (const [key, left] of await keys()) {
        if (isRegistry(key)) continue;
        expect(left, key).toBeGreaterThan(0);
        // What the change feed says of units that have ended stays for a week, and for a day in which to look.
        const days = /:(?:changes|ended|owners)$/u.test(key) ? 8 : 0;
        expect(left, key).toBeLessThanOrEqual((days * 24 + 25) * 3_600_000 + 2000);
      }
    });
  });

  it("takes the expired with upkeep, and nothing that lives for ever beside it", async () => {
    const { store, keys } = open();
    await store.log.append({ tenant: "acme", session: "lasting" }, [note("one")], {
      init: { subject: "user-7" },
    });
    for (let index = 0; index < buckets * 3; index++)
      await store.log.append({ tenant: "acme", session: `s-${index}` }, [note("one")], {
        ttlMs: 200,
        init: { subject: "user-7" },
      });
    await vi.waitFor(async () => {
      await store.maintenance.expire();
      const left = [...(await keys()).keys()].filter((key) => !mayStay(key) && !key.includes("lasting"));
      // One bucket has the session that stays, and what lists it.
      expect(left.map((key) => key.split(":").at(-1)).sort()).toEqual([
        "created",
        "sessions",
        "subjects",
        "updated",
      ]);
    }, poll);
    const { items } = await store.log.list("acme", { subject: "user-7" });
    expect(items.map(({ session }) => session)).toEqual(["lasting"]);
    expect((await store.log.read({ tenant: "acme", session: "lasting" })).events).toHaveLength(1);
  });

  it("never comes to what has no lifetime", async () => {
    const { store, keys } = open();
    const address = { tenant: "acme", session: "s" };
    for (let turn = 0; turn < 3; turn++)
      await store.log.append(address, [note("one")], { operation: { id: `${turn}`, fingerprint: "x" } });
    await store.documents.put({ ...address, namespace: ["n"], key: "k" }, { value: 1, tags: ["t"] });
    await store.documents.put({ tenant: "acme", namespace: ["n"], key: "k" }, { value: 1, tags: ["t"] });
    for (const [key, left] of await keys()) expect(left, key).toBe(-1);
  });

  it("can be taken back, and given again", async () => {
    const { store, keys } = open();
    const address = { tenant: "acme", session: "s" };
    await store.log.append(address, [note("one")], {
      ttlMs: 60_000,
      operation: { id: "1", fingerprint: "x" },
    });
    await store.documents.put({ ...address, namespace: ["n"], key: "k" }, { value: 1, tags: ["t"] });
    const lasting = async () => [...(await keys())].filter(([key, left]) => left === -1 && !isRegistry(key));
    expect(await lasting()).toEqual([]);
    await store.log.touch(address, { ttlMs: null });
    for (const [key, left] of await keys()) expect(left, key).toBe(-1);
    await store.log.touch(address, { ttlMs: 200 });
    expect(await lasting()).toEqual([]);
    await vi.waitFor(
      async () => expect([...(await keys()).keys()].filter((key) => !mayStay(key))).toEqual([]),
      poll,
    );
  });

  it("slides with writes, also for what was written between two refreshes, or stays fixed", async () => {
    // Much longer than a write, and than what holds up a busy machine.
    const ttlMs = 3_000;
    const address = { tenant: "acme", session: "s" };
    const sliding = open({ ttlMs });
    const fixed = open({ ttlMs, expiry: "fixed" });
    const began = performance.now();
    await fixed.store.log.append(address, [note("one")]);
    await sliding.store.log.append(address, [note("one")]);
    let writes = 1;
    let gone = false;
    while (performance.now() - began < ttlMs * 2) {
      writes = (await sliding.store.log.append(address, [note("more")])).version;
      await sliding.store.documents.put(
        { ...address, namespace: ["n"], key: `${writes}` },
        { value: 1, tags: ["t"] },
      );
      if (!gone) gone = (await fixed.store.log.head(address)) === undefined;
      else expect(await fixed.store.log.head(address)).toBeUndefined();
      if (!gone) await fixed.store.log.append(address, [note("more")]).catch(() => undefined);
      await sleep(20);
    }
    expect((await sliding.store.log.head(address))?.version).toBe(writes);
    expect((await sliding.store.documents.find(address)).items.length).toBeGreaterThan(0);
    expect(gone || (await fixed.store.log.head(address))?.version !== writes).toBe(true);
    for (const { keys } of [sliding, fixed])
      await vi.waitFor(
        async () => expect([...(await keys()).keys()].filter((key) => !mayStay(key))).toEqual([]),
        poll,
      );
  });

  it.each([
    [
      "all of it was trimmed",
      async ({ log }: RedisStore, address: SessionAddress) => {
        await log.append(address, [note("one"), note("two")]);
        await log.trim(address, { beforeSeq: 3 });
      },
    ],
    [
      "nothing was in it yet",
      async ({ log }: RedisStore, address: SessionAddress) => {
        await log.append(address, [], { operation: { id: "none", fingerprint: "x" } });
      },
    ],
  ])("is set for every key when a log gets an event after %s", async (_, empty) => {
    for (const expiry of ["sliding", "fixed"] as const) {
      const { store, keys } = open({ ttlMs: 60_000, expiry });
      const address = { tenant: "acme", session: "s" };
      await empty(store, address);
      expect([...(await keys()).keys()].filter((key) => key.endsWith(":col"))).toEqual([]);
      await store.log.append(address, [note("three")]);
      expect([...(await keys()).keys()].filter((key) => key.endsWith(":col"))).toHaveLength(1);
      const lasting = [...(await keys())].filter(([key, left]) => left === -1 && !isRegistry(key));
      expect(lasting, expiry).toEqual([]);
    }
  });

  it("forgets operations of what has ended after a day, not before", async () => {
    const { store, keys } = open();
    const address = { tenant: "acme", session: "s" };
    const operation = { id: "one", fingerprint: "x" };
    await store.log.append(address, [note("one")], { operation });
    await store.log.delete(address);
    await expect(store.log.append(address, [note("one")], { operation })).rejects.toMatchObject({
      code: "history-lost",
    });
    const left =
      (await keys()).get([...(await keys()).keys()].find((key) => key.endsWith(":ops")) ?? "") ?? 0;
    expect(left).toBeGreaterThan(24 * 3_600_000);
    expect(left).toBeLessThanOrEqual(25 * 3_600_000);
  });
});
