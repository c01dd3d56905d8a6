import { setTimeout as sleep } from "node:timers/promises";
import { requireService } from "@relevo/test-services";
import { describe, expect, it, vi } from "vitest";
import { createRedisStore, type RedisClient, type RedisStore } from "../src/index.ts";
import { buckets } from "../src/keys.ts";
import { type DocumentsFixture, until, useDocuments } from "./documents-support.ts";
import { patient, useRedis } from "./servers.ts";

const note = { type: "x-note" as const, body: "one" };
const tenantName = (index: number): string => `tenant ${String(index).padStart(3, "0")}`;

/** A session of each of so many tenants. */
async function fill({ log }: RedisStore, tenants: number, ttlMs?: number): Promise<void> {
  for (let index = 0; index < tenants; index++) {
    const address = { tenant: tenantName(index), session: `s ${index}` };
    await log.append(address, [note], ttlMs === undefined ? {} : { ttlMs });
  }
}

describe.skipIf(!requireService("redis", { for: "the upkeep of store-redis" }))("upkeep", () => {
  const open = useDocuments();
  const redis = useRedis();

  /** The client of the second server, with something done before each of its commands. */
  function watched(before: (args: readonly (string | Buffer)[]) => Promise<void>): RedisClient {
    const [client] = redis.clients();
    return {
      async sendCommand(args, options) {
        await before(args);
        return await client.sendCommand(args, options);
      },
    };
  }

  it("looks once at each bucket when nothing is due, and no further", async () => {
    const { store, costOf } = open();
    await fill(store, 20, 60_000);
    await store.documents.put(
      { tenant: tenantName(3), namespace: ["n"], key: "k" },
      { value: 1, ttlMs: 60_000 },
    );
    await store.maintenance.expire();
    const { calls } = await costOf(() => store.maintenance.expire());
    expect(calls.get("evalsha")).toBe(20 * buckets);
    // Two pages of tenants.
    expect(calls.get("zrangebylex")).toBe(2);
  });

  it("looks at 16 buckets at a time", async () => {
    let [now, most] = [0, 0];
    const client = watched(async (args) => {
      if (args[0] !== "EVALSHA") return;
      most = Math.max(most, ++now);
      await sleep(1);
      now--;
    });
    const store = createRedisStore({ client, prefix: "at-once", ...patient });
    await fill(store, 3);
    expect(await store.maintenance.expire()).toEqual({ sessions: 0, documents: 0, more: false });
    expect(most).toBe(16);
  });

  it("removes exactly as many as it may, over all buckets", async () => {
    const { store, keys } = open();
    await fill(store, 50, 50);
    // One that stays keeps the keys of its bucket from going by themselves.
    for (let index = 0; index < 50; index++)
      await store.documents.put(
        { tenant: tenantName(index), namespace: ["n", `${index}`], key: "lasting" },
        { value: 1 },
      );
    for (let index = 0; index < 50; index++)
      await store.documents.put(
        { tenant: tenantName(index), namespace: ["n", `${index}`], key: "k" },
        { value: 1, ttlMs: 50 },
      );
    const last = { tenant: tenantName(49), namespace: ["n", "49"], key: "k" };
    await until("their end", async () => (await store.documents.get(last)) === undefined);
    let [removed, rounds] = [0, 0];
    for (let more = true; more; rounds++) {
      const result = await store.maintenance.expire({ limit: 7 });
      expect(result.sessions + result.documents).toBeLessThanOrEqual(7);
      if (result.more) expect(result.sessions + result.documents).toBe(7);
      removed += result.sessions + result.documents;
      more = result.more;
    }
    // Sessions whose keys have gone by themselves need nobody.
    expect(removed).toBeGreaterThanOrEqual(50);
    expect(rounds).toBeGreaterThan(7);
    expect((await keys()).filter((key) => key.endsWith(":log") || key.endsWith(":docs:expiring"))).toEqual(
      [],
    );
    expect((await store.documents.find({ tenant: tenantName(7) })).items).toHaveLength(1);
  });

  it("goes on where its time ended, so that very many tenants are all reached", async () => {
    let [spentMs, commandMs] = [0, 0];
    const client = watched(async () => {
      spentMs += commandMs;
    });
    const store = createRedisStore({ client, prefix: "many", ...patient });
    await fill(store, 64);
    // By a clock that only commands move, 300 of them are half of the time, after which nothing is begun.
    commandMs = patient.deadlineMs / 600;
    const clock = vi.spyOn(performance, "now").mockImplementation(() => spentMs);
    try {
      let calls = 1;
      while ((await store.maintenance.expire()).more) expect(++calls).toBeLessThan(10);
      expect(calls).toBeGreaterThan(1);
    } finally {
      clock.mockRestore();
    }
  });

  /** As if the tenant had been registered a day and two hours ago. */
  async function age(
    { raw, prefix }: Pick<DocumentsFixture, "raw" | "prefix">,
    tenant: string,
  ): Promise<void> {
    expect(await raw("HSET", `{${prefix}:tenants}:seen`, tenant, `${Date.now() - 26 * 3_600_000}`)).toBe(0);
  }
  const tenantsOf = async ({ maintenance }: RedisStore) => (await maintenance.tenants()).items;

  it("forgets a tenant that has had nothing for a day, and no other", async () => {
    const fixture = open();
    const { store, raw, prefix } = fixture;
    await store.log.append({ tenant: "empty", session: "s" }, [note]);
    await store.log.append({ tenant: "lasting", session: "s" }, [note]);
    await store.documents.put({ tenant: "documents", namespace: ["n"], key: "k" }, { value: 1 });
    await store.log.append({ tenant: "lost", session: "s" }, [note]);
    for (const tenant of ["empty", "lasting", "documents", "lost"]) await age(fixture, tenant);
    await store.log.delete({ tenant: "empty", session: "s" });
    // A log that was lost is still spoken of.
    const [log] = (await raw("KEYS", `*${prefix}:lost:*:log`)) as [string];
    await raw("DEL", log);
    await store.maintenance.expire();
    expect(await tenantsOf(store)).toEqual(["documents", "lasting", "lost"]);
    expect(await raw("HLEN", `{${prefix}:tenants}:seen`)).toBe(3);
  });

  it("keeps a tenant that was empty a moment ago, or of which is not known since when", async () => {
    const fixture = open();
    const { store, raw, prefix } = fixture;
    for (const tenant of ["fresh", "unknown"]) {
      await store.log.append({ tenant, session: "s" }, [note]);
      await store.log.delete({ tenant, session: "s" });
    }
    await raw("HDEL", `{${prefix}:tenants}:seen`, "unknown");
    await store.maintenance.expire();
    expect(await tenantsOf(store)).toEqual(["fresh", "unknown"]);
    await age(fixture, "unknown");
    await store.maintenance.expire();
    expect(await tenantsOf(store)).toEqual(["fresh"]);
  });

  it("keeps a tenant that comes back while it is being looked at", async () => {
    const [client] = redis.clients();
    const raw = (...args: readonly string[]) => client.sendCommand(args);
    const prefix = "race";
    const writer = createRedisStore({ client, prefix });
    await writer.log.append({ tenant: "acme", session: "s" }, [note]);
    await writer.log.delete({ tenant: "acme", session: "s" });
    await age({ raw, prefix }, "acme");
    // Another process: this one remembers that it has registered.
    const back = createRedisStore({ client, prefix });
    let raced = false;
    const upkeep = createRedisStore({
      prefix,
      client: watched(async (args) => {
        // All buckets have been looked at.
        if (args[3] !== `${prefix}:tenants` || raced) return;
        raced = true;
        await back.log.append({ tenant: "acme", session: "s" }, [note]);
      }),
    });
    await upkeep.maintenance.expire();
    expect(raced).toBe(true);
    expect(await tenantsOf(writer)).toEqual(["acme"]);
  });
});
