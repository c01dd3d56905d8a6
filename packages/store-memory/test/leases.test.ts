import { createManualClock } from "@relevo/core";
import { describe, expect, it } from "vitest";
import { LeaseTable } from "../src/lease-table.ts";
import { at, failure, open, says } from "./support.ts";

describe("waiting acquirers", () => {
  it("come in the order in which they asked", async () => {
    const { store } = open();
    const first = await store.leases.acquire(at("a"), { ttlMs: 60_000 });
    const order: string[] = [];
    const waiting = ["b", "c", "d"].map(async (name) => {
      const lease = await store.leases.acquire(at("a"), { ttlMs: 60_000, waitMs: 10_000 });
      order.push(name);
      await lease.release();
      return lease.fence;
    });
    await first.release();
    const fences = await Promise.all(waiting);
    expect(order).toEqual(["b", "c", "d"]);
    expect(fences).toEqual([...fences].sort((left, right) => left - right));
    expect(new Set([first.fence, ...fences]).size).toBe(4);
  });

  it("do not let one who does not wait overtake them when the lease runs out", async () => {
    const { store, clock } = open();
    await store.leases.acquire(at("a"), { ttlMs: 100 });
    const patient = store.leases.acquire(at("a"), { ttlMs: 100, waitMs: 10_000 });
    clock.advance(100);
    await failure(store.leases.acquire(at("a"), { ttlMs: 100 }), "conflict");
    expect((await patient).expiresAt).toBe(clock.now() + 100);
  });

  it("are refused by the store's clock too, and leave no trace", async () => {
    const { store, clock } = open();
    const lease = await store.leases.acquire(at("a"), { ttlMs: 100_000 });
    const waiting = store.leases.acquire(at("a"), { ttlMs: 100, waitMs: 50_000 });
    const refused = failure(waiting, "conflict");
    clock.advance(50_000);
    expect((await refused).details).toMatchObject({ conflict: "lease", fence: lease.fence });
    await lease.release();
    expect((await store.leases.acquire(at("a"), { ttlMs: 100 })).fence).toBeGreaterThan(lease.fence);
  });

  it("that give up are passed over", async () => {
    const { store } = open();
    const lease = await store.leases.acquire(at("a"), { ttlMs: 60_000 });
    const controller = new AbortController();
    const given = store.leases.acquire(at("a"), { ttlMs: 100, waitMs: 10_000, signal: controller.signal });
    const next = store.leases.acquire(at("a"), { ttlMs: 100, waitMs: 10_000 });
    const aborted = failure(given, "aborted");
    controller.abort();
    expect((await aborted).outcome).toBe("not-applied");
    await lease.release();
    expect((await next).fence).toBeGreaterThan(lease.fence);
  });
});

describe("fences", () => {
  it("grow for a session even after ten thousand others made it forgotten", async () => {
    const clock = createManualClock();
    const table = new LeaseTable(clock);
    const acquire = (name: string, ttlMs: number) => {
      const answer = table.acquire({ address: at(name), ttlMs });
      if (answer.refused !== undefined) throw new Error(`${name} is held`);
      return answer.ok;
    };
    const first = acquire("first", 1000);
    const held = acquire("held", 10_000_000);
    clock.advance(2000);
    for (let index = 0; index < 11_000; index++) {
      const { fence } = acquire(`s${index}`, 1000);
      table.release({ address: at(`s${index}`), fence });
    }
    expect(table.newestFence(at("first"))).toBe(0);
    expect(table.newestFence(at("held"))).toBe(held.fence);
    clock.advance(-1_000_000);
    expect(acquire("first", 1000).fence).toBeGreaterThan(first.fence);
    const renewed = table.renew({ address: at("first"), fence: first.fence, ttlMs: 1000 });
    expect(renewed).toEqual({ refused: "lease" });
  });

  it("are remembered across delete and eviction of the session", async () => {
    const { store, clock } = open();
    const stale = await store.leases.acquire(at("a"), { ttlMs: 10 });
    await store.log.append(at("a"), [says("1")], { fence: stale.fence });
    await store.log.delete(at("a"));
    clock.advance(10);
    const newest = await store.leases.acquire(at("a"), { ttlMs: 10 });
    const error = await failure(store.log.append(at("a"), [says("2")], { fence: stale.fence }), "conflict");
    expect(error.details).toMatchObject({ conflict: "fence", fence: newest.fence });
    expect(await store.log.head(at("a"))).toBeUndefined();
    await store.log.append(at("a"), [says("2")], { fence: newest.fence });
  });

  it.each([{}, { ttlMs: 0 }, { ttlMs: 10, waitMs: -1 }, { ttlMs: 10, waitMs: 2 ** 40 }])(
    "are not granted for %j",
    async (options) => {
      const { store } = open();
      await failure(store.leases.acquire(at("a"), options as { ttlMs: number }), "invalid-input");
    },
  );
});
