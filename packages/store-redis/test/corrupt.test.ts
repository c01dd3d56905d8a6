import { randomUUID } from "node:crypto";
import { requireService } from "@relevo/test-services";
import { beforeEach, describe, expect, it } from "vitest";
import { createRedisStore, type RedisStore } from "../src/index.ts";
import { bucketOf, createKeys, type SessionKeys } from "../src/keys.ts";
import { patient, useRedis } from "./servers.ts";

const corrupt = { code: "corrupt" };
const incomplete = { code: "history-lost", details: { reason: "incomplete" } };
const address = { tenant: "acme", session: "s" };
const document = { ...address, namespace: ["working"], key: "a" };
const note = (body: string) => ({ type: "x-note" as const, body });
const first = { operation: { id: "first", fingerprint: "x" } };

describe.skipIf(!requireService("redis", { for: "corrupt data in store-redis" }))("stored bytes", () => {
  const redis = useRedis();
  let store: RedisStore;
  let keys: SessionKeys;
  let incarnation: string;
  let prefix: string;
  const raw = (...args: readonly string[]): Promise<unknown> => redis.clients()[0].sendCommand(args);

  beforeEach(async () => {
    prefix = `t-${randomUUID()}`;
    store = createRedisStore({ client: redis.clients()[0], prefix, ...patient });
    keys = createKeys(prefix).session(address.tenant, address.session);
    await store.log.append(address, [note("one"), note("two"), note("three")], {
      init: { subject: "user-7", metadata: { topic: "x" } },
    });
    ({ incarnation } = await store.log.append(address, [note("four")], first));
    await store.documents.put(document, { value: 1, tags: ["a b"] });
  });

  /** Every call that needs the head of the session. */
  function calls(): Readonly<Record<string, () => Promise<unknown>>> {
    const { log, documents } = store;
    const derived = { ...note("of one"), derivedFrom: [{ from: 1, to: 1 }] };
    return {
      "read of the newest": () => log.read(address, { direction: "backward", limit: 2 }),
      "read forward": () => log.read(address),
      "read of a type": () => log.read(address, { types: ["message"] }),
      head: () => log.head(address),
      list: () => log.list(address.tenant),
      append: () => log.append(address, [note("x")]),
      "append of a known operation": () => log.append(address, [note("four")], first),
      "append of a derived event": () => log.append(address, [derived]),
      "append with a lifetime": () => log.append(address, [note("x")], { ttlMs: 60_000 }),
      operation: () => log.operation(address, "first"),
      touch: () => log.touch(address),
      trim: () => log.trim(address, { beforeSeq: 2 }),
      erase: () => log.erase(address, { seqs: [{ from: 1, to: 1 }] }),
      seal: () => log.seal(address),
      export: () => log.exportEvents(address),
      "get of a document": () => documents.get(document),
      "find of documents": () => documents.find(address),
      "put of a document": () => documents.put(document, { value: 2 }),
    };
  }

  /** Garbage in place of the head, made of the head. */
  const garbage: Readonly<Record<string, (head: string) => string>> = {
    "another text": () => "garbage",
    nothing: () => "",
    "the mark alone": () => "H1|",
    "a head that is cut off": (head) => head.slice(0, 30),
    "a head with a letter in a number": (head) => head.replace(/^H1\|\d+/u, "H1|x"),
    "an event": () => `1700000000000:0:A:2:{"type":"x-note","body":1}`,
    "bytes that are no text": (head) => `\u0000\uffff${head}`,
  };

  it.each(Object.entries(garbage))("where the head was, %s: every call says so", async (_what, change) => {
    // Known to have small events, so that the newest are read without a script.
    await store.log.read(address, { direction: "backward", limit: 2 });
    const head = String(await raw("LINDEX", keys.log, "-1"));
    await raw("LSET", keys.log, "-1", change(head));
    for (const [name, call] of Object.entries(calls())) {
      await expect(call(), name).rejects.toMatchObject(corrupt);
    }
    // Nothing was added behind it.
    expect(await raw("LLEN", keys.log)).toBe(5);
  });

  it("a delete removes a garbage head, and the session starts again", async () => {
    await raw("LSET", keys.log, "-1", "garbage");
    expect(await store.log.delete(address)).toBe(true);
    const begun = await store.log.append(address, [note("new")]);
    expect(begun).toMatchObject({ firstSeq: 1 });
    expect(begun.incarnation).not.toBe(incarnation);
  });

  it.each([
    ["metadata that is cut off", (head: string) => head.slice(0, -1)],
    ["metadata that is a list", (head: string) => head.replace(/\{.*\}$/u, "[]")],
    ["a subject with a broken escape", (head: string) => head.replace("user-7", "user%E0%A4%A")],
    ["an incarnation with a broken escape", (head: string) => head.replace(incarnation, "%")],
    ["a version past all numbers", (head: string) => head.replace(/^H1\|\d+/u, `H1|${"9".repeat(20)}`)],
  ])("a head with %s is corrupt for who reads it", async (_what, change) => {
    const head = String(await raw("LINDEX", keys.log, "-1"));
    await raw("LSET", keys.log, "-1", change(head));
    for (const name of ["head", "list"]) await expect(calls()[name]?.(), name).rejects.toMatchObject(corrupt);
  });

  it("an operation that is missing is missed: its retry is not applied again", async () => {
    expect(await raw("HDEL", keys.operations, "first")).toBe(1);
    await expect(store.log.append(address, [note("four")], first)).rejects.toMatchObject(incomplete);
    await expect(store.log.operation(address, "first")).rejects.toMatchObject(incomplete);
    const next = { operation: { id: "next", fingerprint: "x" } };
    await expect(store.log.append(address, [note("five")], next)).rejects.toMatchObject(incomplete);
    expect(await store.log.head(address)).toMatchObject({ version: 4 });
  });

  it.each(["garbage", "", "a|b|c|d|e", "%|x|1|4|2|9"])(
    "an operation that reads %j is corrupt",
    async (row) => {
      await raw("HSET", keys.operations, "first", row);
      await expect(store.log.append(address, [note("four")], first)).rejects.toMatchObject(corrupt);
      await expect(store.log.operation(address, "first")).rejects.toMatchObject(corrupt);
      await expect(store.log.exportEvents(address)).rejects.toMatchObject(corrupt);
      expect(await store.log.head(address)).toMatchObject({ version: 4 });
    },
  );

  it.each([
    "garbage",
    "",
    "null",
    ":::",
    "1:0:A:2:null",
    "1:0:A:2:[]",
    "x:0:A:2:{}",
    `x:0:A:2:{"type":"x-note","body":1}`,
    `1:y:A:2:{"type":"x-note","body":1}`,
    `1:0:A:2:{"type":`,
  ])("an event that reads %j is corrupt", async (element) => {
    await raw("LSET", keys.log, "1", element);
    for (const options of [{}, { direction: "backward", limit: 4 }] as const)
      await expect(store.log.read(address, options)).rejects.toMatchObject(corrupt);
    await expect(store.log.exportEvents(address)).rejects.toMatchObject(corrupt);
  });

  it.each([
    "garbage",
    "",
    "1|2|3|0||",
    "1|2|3|0||null",
    "1|2|3|0||{}",
    `1|2|3|0||["a"]`,
    `1|2|3|0|%|[["working"],"a",{},1]`,
    `x|2|3|0||[["working"],"a",{},1]`,
  ])("a document that reads %j is corrupt, and not missing", async (record) => {
    const alone = { tenant: "acme", namespace: ["n"], key: "k" };
    await store.documents.put(alone, { value: 1 });
    for (const [place, hash] of [
      [document, keys.documents],
      [alone, createKeys(prefix).bucket(alone.tenant, bucketOf("n")).documents],
    ] as const) {
      const fields = (await raw("HKEYS", hash)) as string[];
      await raw("HSET", hash, fields.find((name) => name !== "") ?? "", record);
      await expect(store.documents.get(place)).rejects.toMatchObject(corrupt);
    }
  });

  it("removals that are none are corrupt on their way to another store", async () => {
    await store.log.erase(address, { seqs: [{ from: 1, to: 1 }] });
    await raw("HSET", keys.derived, "", "garbage");
    await expect(store.log.exportEvents(address)).rejects.toMatchObject(corrupt);
  });

  it("a lease that is none is corrupt", async () => {
    await raw("SET", keys.lease, "garbage");
    await expect(store.leases.acquire(address, { ttlMs: 1000 })).rejects.toMatchObject(corrupt);
    await expect(store.log.append(address, [note("x")], { fence: 1 })).rejects.toMatchObject(corrupt);
  });
});
