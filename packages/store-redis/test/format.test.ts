import { randomUUID } from "node:crypto";
import { requireService } from "@relevo/test-services";
import { beforeEach, describe, expect, it } from "vitest";
import { createRedisStore, type RedisStore } from "../src/index.ts";
import { type BucketKeys, bucketOf, createKeys, type SessionKeys } from "../src/keys.ts";
import { patient, useRedis } from "./servers.ts";

const newer = { code: "unsupported", outcome: "not-applied", details: { formatVersion: 1 } };
const address = { tenant: "acme", session: "s" };
const inSession = { ...address, namespace: ["working"], key: "a" };
const alone = { tenant: "acme", namespace: ["n"], key: "a" };
const note = (body: string) => ({ type: "x-note" as const, body });
const first = { operation: { id: "first", fingerprint: "x" } };

type Calls = Readonly<Record<string, (store: RedisStore) => Promise<unknown>>>;

const derived = { ...note("of one"), derivedFrom: [{ from: 1, to: 1 }] };

const logCalls: Calls = {
  "read of the newest": ({ log }) => log.read(address, { direction: "backward", limit: 2 }),
  "read forward": ({ log }) => log.read(address),
  "read of a type": ({ log }) => log.read(address, { types: ["message"] }),
  head: ({ log }) => log.head(address),
  append: ({ log }) => log.append(address, [note("x")]),
  "append of a known operation": ({ log }) => log.append(address, [note("two")], first),
  "append of a derived event": ({ log }) => log.append(address, [derived]),
  operation: ({ log }) => log.operation(address, "first"),
  touch: ({ log }) => log.touch(address),
  trim: ({ log }) => log.trim(address, { beforeSeq: 2 }),
  erase: ({ log }) => log.erase(address, { seqs: [{ from: 1, to: 1 }] }),
  seal: ({ log }) => log.seal(address),
  delete: ({ log }) => log.delete(address),
  export: ({ log }) => log.exportEvents(address),
};
function documentCallsAt(place: typeof alone & { readonly session?: string }): Calls {
  const { namespace, key: _key, ...scope } = place;
  return {
    get: ({ documents }) => documents.get(place),
    getMany: ({ documents }) => documents.getMany([{ ...place, key: "b" }]),
    put: ({ documents }) => documents.put(place, { value: 2 }),
    putMany: ({ documents }) => documents.putMany([{ address: place, value: 2 }]),
    delete: ({ documents }) => documents.delete(place),
    touch: ({ documents }) => documents.touch(place, { ttlMs: 1 }),
    find: ({ documents }) => documents.find(scope),
    "find of a namespace": ({ documents }) => documents.find(scope, { namespace }),
    "find by a tag": ({ documents }) => documents.find(scope, { tags: { any: ["none"] } }),
    namespaces: ({ documents }) => documents.namespaces(scope),
  };
}

describe.skipIf(!requireService("redis", { for: "formats in store-redis" }))("a newer format", () => {
  const redis = useRedis();
  let store: RedisStore;
  let keys: SessionKeys;
  let bucket: BucketKeys;
  let prefix: string;
  const raw = (...args: readonly string[]): Promise<unknown> => redis.clients()[0].sendCommand(args);

  beforeEach(async () => {
    prefix = `t-${randomUUID()}`;
    store = createRedisStore({ client: redis.clients()[0], prefix, ...patient });
    keys = createKeys(prefix).session(address.tenant, address.session);
    bucket = createKeys(prefix).bucket(alone.tenant, bucketOf("n"));
    await store.log.append(address, [note("one")]);
    await store.log.append(address, [note("two")], first);
    await store.documents.put(inSession, { value: 1, ttlMs: 600_000 });
    await store.documents.put(alone, { value: 1, tags: ["t"] });
    // Known to have small events, so that the newest are read without a script.
    await store.log.read(address, { direction: "backward", limit: 2 });
  });

  async function everything(): Promise<unknown> {
    const names = ((await raw("KEYS", `*${prefix}:*`)) as string[]).filter(
      (name) => !name.includes("tenants"),
    );
    return await Promise.all(names.sort().map(async (name) => [name, await raw("DUMP", name)]));
  }

  async function expectRefused(calls: Calls): Promise<void> {
    const before = await everything();
    for (const [name, call] of Object.entries(calls))
      await expect(call(store), name).rejects.toMatchObject(newer);
    await store.maintenance.expire();
    expect(await everything()).toEqual(before);
  }

  it("of a head is refused by every call, and nothing is changed", async () => {
    const head = String(await raw("LINDEX", keys.log, "-1"));
    expect(head).toMatch(/^H1\|/u);
    await raw("LSET", keys.log, "-1", "H2|something else");
    // The upkeep comes by, too.
    await raw("ZADD", keys.expiring, "1", address.session);
    await raw("ZADD", keys.documentsDue, "1", address.session);
    await expectRefused({
      ...logCalls,
      list: ({ log }) => log.list(address.tenant),
      ...documentCallsAt(inSession),
    });
  });

  it("of the mark of a session that has ended is refused, so that nothing starts on it", async () => {
    const batch = await store.log.exportEvents(address);
    if (batch === undefined) throw new Error("There is no such session.");
    await raw("DEL", keys.log);
    await raw("HSET", keys.operations, "", "2|something else");
    await raw("ZADD", keys.expiring, "1", address.session);
    await expectRefused({
      ...logCalls,
      import: ({ log }) => log.importEvents(address, batch),
      ...documentCallsAt(inSession),
    });
  });

  it("of documents that stand alone is refused, also where they seem not to be", async () => {
    expect(await raw("HGET", bucket.documents, "")).toBe("1|1");
    await raw("HSET", bucket.documents, "", "2|something else");
    await raw("ZADD", bucket.documentsExpiring, "1", "expired");
    await expectRefused(documentCallsAt(alone));
    await raw("DEL", bucket.documentOrder, bucket.documentTags);
    await expectRefused(documentCallsAt(alone));
  });

  it("of a lease is refused", async () => {
    const lease = await store.leases.acquire(address, { ttlMs: 600_000 });
    const text = String(await raw("GET", keys.lease));
    expect(text).toBe(`1|${lease.fence}|${lease.expiresAt}|0`);
    await raw("SET", keys.lease, text.replace(/^1/u, "2"));
    const { fence } = lease;
    await expectRefused({
      acquire: ({ leases }) => leases.acquire(address, { ttlMs: 1 }),
      renew: () => lease.renew(),
      release: () => lease.release(),
      append: ({ log }) => log.append(address, [note("x")], { fence }),
      "append of a derived event": ({ log }) => log.append(address, [derived], { fence }),
      put: ({ documents }) => documents.put(inSession, { value: 2 }, { fence }),
    });
  });
});
