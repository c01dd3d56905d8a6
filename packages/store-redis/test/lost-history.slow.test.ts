import { randomUUID } from "node:crypto";
import { MemoryError } from "@relevo/core";
import { requireService, startRedis } from "@relevo/test-services";
import { createClient } from "redis";
import { describe, expect, it } from "vitest";
import { createRedisStore, type RedisStore } from "../src/index.ts";
import { createKeys } from "../src/keys.ts";
import { RESP } from "./protocol.ts";
import { patient, useRedis } from "./servers.ts";

const note = (body: string) => ({ type: "x-note" as const, body });
const incomplete = { code: "history-lost", details: { reason: "incomplete" } };
const evicted = { code: "history-lost", details: { reason: "evicted" } };

async function connect(url: string) {
  const client = createClient({ url, RESP, socket: { reconnectStrategy: 10 } });
  client.on("error", () => undefined);
  return await client.connect();
}

interface Fixture {
  readonly store: RedisStore;
  readonly address: { readonly tenant: string; readonly session: string };
  readonly incarnation: string;
  readonly lose: (part: string) => Promise<void>;
  /** Changes the head as it is stored. */
  readonly rewriteHead: (change: (head: string) => string) => Promise<void>;
}

describe.skipIf(!requireService("redis", { for: "lost history in store-redis" }))("what is lost", () => {
  const redis = useRedis();

  /** A session that has something in every key that a session can have. */
  async function fixture(): Promise<Fixture> {
    const prefix = `t-${randomUUID()}`;
    const store = createRedisStore({ client: redis.clients()[0], prefix, ...patient });
    const address = { tenant: "acme", session: "s" };
    const { incarnation } = await store.log.append(address, [
      { type: "message", body: { role: "user", content: "secret" } },
      { type: "message", body: { role: "assistant", content: "hello" }, agent: "writer" },
    ]);
    await store.log.append(
      address,
      [{ type: "x-note", body: "about the secret", derivedFrom: [{ from: 1, to: 1 }] }],
      { operation: { id: "first", fingerprint: "x" } },
    );
    const document = { ...address, namespace: ["working"] };
    await store.documents.put({ ...document, key: "a" }, { value: 1, tags: ["plan", "draft"] });
    await store.documents.put({ ...document, key: "b" }, { value: 2, ttlMs: 600_000 });
    const { log } = createKeys(prefix).session(address.tenant, address.session);
    return {
      store,
      address,
      incarnation,
      async rewriteHead(change) {
        const [client] = redis.clients();
        const head = String(await client.sendCommand(["LINDEX", log, "-1"]));
        expect(change(head)).not.toBe(head);
        await client.sendCommand(["LSET", log, "-1", change(head)]);
      },
      async lose(part) {
        expect(await redis.clients()[0].sendCommand(["DEL", log.replace(/log$/u, part)])).toBe(1);
      },
    };
  }

  const another = { operation: { id: "another", fingerprint: "x" } };

  it("the log: every call that would miss it says so, until the session is deleted", async () => {
    const { store, address, incarnation, lose } = await fixture();
    await lose("log");
    const document = { ...address, namespace: ["working"], key: "a" };
    await expect(store.log.append(address, [note("x")])).rejects.toMatchObject(evicted);
    await expect(store.log.append(address, [note("x")], another)).rejects.toMatchObject(evicted);
    await expect(store.log.read(address)).rejects.toMatchObject(evicted);
    await expect(store.log.read(address, { types: ["message"] })).rejects.toMatchObject(evicted);
    await expect(store.log.head(address)).rejects.toMatchObject(evicted);
    await expect(store.log.touch(address)).rejects.toMatchObject(evicted);
    await expect(store.documents.get(document)).rejects.toMatchObject(evicted);
    await expect(store.documents.find(address)).rejects.toMatchObject(evicted);
    await expect(store.documents.put(document, { value: 3 })).rejects.toMatchObject(evicted);
    await expect(store.log.exportEvents(address)).rejects.toMatchObject(evicted);
    expect((await store.log.list("acme")).items).toEqual([]);
    expect(await store.log.delete(address)).toBe(true);
    expect(await store.log.exportEvents(address)).toBeUndefined();
    const anew = await store.log.append(address, [note("anew")]);
    expect(anew).toMatchObject({ firstSeq: 1, version: 1 });
    expect(anew.incarnation).not.toBe(incarnation);
    expect((await store.documents.find(address)).items).toEqual([]);
  });

  it.each(["ops", "derived", "docs", "docs:order", "docs:tags", "docs:expiring"])(
    "a part beside the log, %s: no write goes on as if nothing had happened",
    async (part) => {
      const { store, address, lose } = await fixture();
      await lose(part);
      await expect(
        store.log.append(address, [note("x")], { ...another, ttlMs: 60_000 }),
      ).rejects.toMatchObject(incomplete);
      const document = { ...address, namespace: ["working"], key: "c" };
      await expect(store.documents.put(document, { value: 3 })).rejects.toMatchObject(incomplete);
      await expect(store.log.erase(address, { seqs: [{ from: 1, to: 1 }] })).rejects.toMatchObject(
        incomplete,
      );
      if (part.startsWith("docs"))
        await expect(store.documents.find(address, { tags: { any: ["plan"] } })).rejects.toMatchObject(
          incomplete,
        );
      if (part === "docs") await expect(store.documents.get(document)).rejects.toMatchObject(incomplete);
      expect(await store.log.delete(address)).toBe(true);
      expect((await store.log.append(address, [note("anew")])).version).toBe(1);
    },
  );

  it("the index of pinned messages: none is added to what is left of it", async () => {
    const { store, address, lose } = await fixture();
    const pin = { type: "message", pinned: true, body: { role: "user", content: "pinned" } } as const;
    await store.log.append(address, [pin]);
    // Some of several, and a second time: the count in the head follows the index.
    await store.log.append(address, [note("x"), pin, pin]);
    expect(await store.log.touch(address)).toMatchObject({ version: 7 });
    const { below } = await store.log.read(address, { direction: "backward", limit: 1, below: ["pinned"] });
    expect(below?.pinned?.map(({ seq }) => seq)).toEqual([4, 6]);
    await lose("landmarks");
    await expect(store.log.append(address, [pin], another)).rejects.toMatchObject(incomplete);
    expect((await store.log.append(address, [note("x")])).version).toBe(8);
    await expect(store.log.append(address, [pin])).rejects.toMatchObject(incomplete);
  });

  it("nothing, by time: the index of pinned messages ends with its session", async () => {
    const { store, address } = await fixture();
    const session = { ...address, session: "short" };
    const pin = { type: "message", pinned: true, body: { role: "user", content: "pinned" } } as const;
    await store.log.append(session, [note("x")], { ttlMs: 600_000 });
    await store.log.append(session, [pin]);
    await store.log.append(session, [pin]);
    const [client] = redis.clients();
    const keys = (await client.sendCommand(["KEYS", "*:short:*"])) as readonly string[];
    expect(keys.some((key) => key.endsWith(":landmarks"))).toBe(true);
    for (const key of keys) expect(await client.sendCommand(["PTTL", key]), key).toBeGreaterThan(0);
  });

  it("the operations: an everyday append with an operation is not taken for a new one", async () => {
    const { store, address, lose } = await fixture();
    await lose("ops");
    await expect(
      store.log.append(address, [note("x")], { operation: { id: "first", fingerprint: "x" } }),
    ).rejects.toMatchObject(incomplete);
  });

  it("the operations: an export is not taken for one of a session that had none", async () => {
    const { store, address, lose } = await fixture();
    // What is remembered of an earlier part does not stand for what is lost.
    expect((await store.log.exportEvents(address, { limit: 1 }))?.operations).toEqual([]);
    await lose("ops");
    await expect(store.log.exportEvents(address)).rejects.toMatchObject(incomplete);
    await expect(store.log.exportEvents(address, { after: 1 })).rejects.toMatchObject(incomplete);
  });

  it("the older operations: an export says so, too", async () => {
    const { store, address, lose, rewriteHead } = await fixture();
    // As if the day were over: the next append lets the operations grow old.
    await rewriteHead((text) => text.replace(/^((?:[^|]*\|){15})\d+/u, "$10"));
    await store.log.append(address, [note("x")], another);
    expect((await store.log.exportEvents(address))?.operations.map(({ id }) => id)).toEqual([
      "first",
      "another",
    ]);
    await lose("ops2");
    await expect(store.log.exportEvents(address)).rejects.toMatchObject(incomplete);
  });

  it("the columns: nothing but speed", async () => {
    const { store, address, lose } = await fixture();
    await lose("col");
    const byAgent = await store.log.read(address, { agent: "writer" });
    expect(byAgent.events.map(({ seq }) => seq)).toEqual([2]);
    await store.log.append(address, [{ ...note("y"), agent: "writer" }]);
    const notes = await store.log.read(address, { types: ["x-note"], direction: "backward" });
    expect(notes.events.map(({ seq }) => seq)).toEqual([4, 3]);
    const { erased } = await store.log.erase(address, { seqs: [{ from: 1, to: 1 }] });
    expect(erased).toEqual([1, 3]);
  });

  it("the lease: its holder is refused, and a new token is greater", async () => {
    const { store, address, lose } = await fixture();
    const lease = await store.leases.acquire(address, { ttlMs: 60_000 });
    await lose("lease");
    await expect(store.log.append(address, [note("x")], { fence: lease.fence })).rejects.toMatchObject({
      code: "conflict",
    });
    const next = await store.leases.acquire(address, { ttlMs: 60_000 });
    expect(next.fence).toBeGreaterThan(lease.fence);
  });

  it.each(["docs:order", "docs:tags", "docs:expiring"])(
    "%s of documents that stand alone: made anew by the next write or by upkeep",
    async (part) => {
      const prefix = `t-${randomUUID()}`;
      const store = createRedisStore({ client: redis.clients()[0], prefix, ...patient });
      const put = (key: string) =>
        store.documents.put(
          { tenant: "acme", namespace: ["n"], key },
          { value: key, tags: ["t"], ttlMs: 60_000 },
        );
      const found = async () =>
        (await store.documents.find({ tenant: "acme" }, { tags: { any: ["t"] } })).items.map(
          ({ key }) => key,
        );
      await put("a");
      const keys = (await redis.clients()[0].sendCommand(["KEYS", `*${prefix}*:${part}`])) as string[];
      expect(keys).toHaveLength(1);
      await redis.clients()[0].sendCommand(["DEL", ...keys]);
      await put("b");
      expect(await found()).toEqual(["a", "b"]);
      await redis.clients()[0].sendCommand(["DEL", ...keys]);
      await store.maintenance.expire();
      expect(await found()).toEqual(["a", "b"]);
      expect((await store.documents.find({ tenant: "acme" })).items).toHaveLength(2);
    },
  );

  it("everything, by a restart: who names the incarnation is told", async () => {
    await using server = await startRedis();
    const client = await connect(server.url);
    await using store = createRedisStore({ client, ...patient });
    const address = { tenant: "acme", session: "s" };
    const { incarnation } = await store.log.append(address, [note("one")]);
    await server.kill();
    await server.restart();
    const ended = { code: "history-lost", details: { reason: "ended" } };
    await expect(store.log.append(address, [note("two")], { incarnation })).rejects.toMatchObject(ended);
    const document = { ...address, namespace: ["n"], key: "k" };
    await expect(store.documents.put(document, { value: 1 }, { incarnation })).rejects.toMatchObject(ended);
    expect(await store.log.head(address)).toBeUndefined();
    client.destroy();
  });

  it("memory: a write is refused before it has begun, and works when there is room", async () => {
    await using server = await startRedis();
    const client = await connect(server.url);
    await using store = createRedisStore({ client, ...patient });
    await store.log.append({ tenant: "acme", session: "s" }, [note("one")]);
    await server.command("SET", "ballast", "x".repeat(3_500_000));
    await server.command("CONFIG", "SET", "maxmemory", "3mb");
    const full = { code: "unavailable", outcome: "not-applied" };
    const big = Array.from({ length: 100 }, (_, index) => note(`${index}`.padEnd(10_000)));
    const writes = big.map(({ body }, index) => ({
      address: { tenant: "acme", namespace: ["n"], key: `${index}` },
      value: body,
      tags: ["t"],
    }));
    await expect(store.log.append({ tenant: "acme", session: "s" }, big)).rejects.toMatchObject(full);
    await expect(store.log.append({ tenant: "acme", session: "new" }, big)).rejects.toMatchObject(full);
    await expect(store.documents.putMany(writes)).rejects.toMatchObject(full);
    expect(await store.log.head({ tenant: "acme", session: "s" })).toMatchObject({ version: 1, events: 1 });
    expect(await store.log.head({ tenant: "acme", session: "new" })).toBeUndefined();
    expect((await store.documents.find({ tenant: "acme" })).items).toEqual([]);
    const left = await server.command("KEYS", "*");
    expect((left as string[]).filter((key) => key.includes("docs") || key.includes(":new:"))).toEqual([]);
    await server.command("CONFIG", "SET", "maxmemory", "0");
    expect((await store.log.append({ tenant: "acme", session: "s" }, big)).version).toBe(101);
    expect(await store.documents.putMany(writes)).toHaveLength(100);
    client.destroy();
  });
});

describe.skipIf(!requireService("redis", { for: "what store-redis tells of its server" }))(
  "the server",
  () => {
    it.each([
      ["none", "nothing", ["no-memory-bound", "no-persistence"]],
      ["everysec", "all-but-seconds", ["no-memory-bound"]],
      ["always", "machine-crash", ["no-memory-bound"]],
    ] as const)("with persistence %s survives %s", async (persistence, survives, codes) => {
      await using server = await startRedis({ persistence });
      const client = await connect(server.url);
      await using store = createRedisStore({ client, ...patient });
      expect(await store.maintenance.durability()).toMatchObject({ survives });
      expect((await store.check()).map(({ code }) => code).sort()).toEqual([...codes].sort());
      client.destroy();
    });

    it("is told of when it evicts, and not when it is bounded and does not", async () => {
      await using server = await startRedis({ persistence: "always", maxmemory: "100mb" });
      const client = await connect(server.url);
      await using store = createRedisStore({ client, ...patient });
      expect(await store.check()).toEqual([]);
      for (const policy of ["allkeys-lru", "volatile-ttl"]) {
        await server.command("CONFIG", "SET", "maxmemory-policy", policy);
        const [warning] = await store.check();
        expect(warning).toMatchObject({ code: "eviction" });
        expect(warning?.message).toContain(policy);
      }
      client.destroy();
    });

    it("may hide its configuration", async () => {
      await using server = await startRedis({ args: ["--rename-command", "CONFIG", ""] });
      const client = await connect(server.url);
      await using store = createRedisStore({ client, ...patient });
      const { survives, detail } = await store.maintenance.durability();
      expect(survives).toBe("nothing");
      expect(detail).toContain("does not tell");
      client.destroy();
    });

    // Redis 5 has no users.
    it.skipIf(RESP === 2)("is told apart from a user who may not", async () => {
      await using server = await startRedis({ persistence: "always" });
      await server.command(
        "ACL",
        "SETUSER",
        "reader",
        "on",
        ">secret",
        "~*",
        "+@read",
        "+ping",
        "+hello",
        "+client",
      );
      const client = await connect(server.url.replace("redis://", "redis://reader:secret@"));
      await using store = createRedisStore({ client, ...patient });
      const error = await store.log
        .append({ tenant: "acme", session: "s" }, [note("x")])
        .catch((reason) => reason);
      expect(MemoryError.isInstance(error, "denied")).toBe(true);
      client.destroy();
    });
  },
);
