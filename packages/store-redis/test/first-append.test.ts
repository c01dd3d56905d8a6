import type { AppendOptions, AppendResult, EventInput, SessionAddress } from "@relevo/core";
import { requireService } from "@relevo/test-services";
import { describe, expect, it } from "vitest";
import type { RedisStoreOptions } from "../src/index.ts";
import { bucketOf, createKeys } from "../src/keys.ts";
import { type DocumentsFixture, useDocuments } from "./documents-support.ts";

const tenant = "acme";
const note: EventInput = { type: "x-note", body: "one" };
const message: EventInput = { type: "message", body: { role: "user", content: "hello" } };
const pinned: EventInput = { ...message, pinned: true };
const operation = { id: "first", fingerprint: "f|1" };

/** Sessions that share a bucket. */
const sessions = Array.from({ length: 400 }, (_, index) => `s-${index}`).filter((one) => bucketOf(one) === 3);

function addressAt(index: number): SessionAddress {
  return { tenant, session: sessions[index] as string };
}

interface Kind {
  readonly name: string;
  readonly store?: Partial<RedisStoreOptions>;
  readonly events?: readonly EventInput[];
  readonly options?: AppendOptions;
  /** Commands on the server, the call itself among them, in a bucket that has sessions. */
  readonly commands?: number;
}

let count = 0;
const kinds: readonly Kind[] = [
  { name: "with an operation", options: { operation }, commands: 12 },
  { name: "without one", commands: 12 },
  { name: "of a pinned message", events: [pinned], options: { operation }, commands: 13 },
  {
    name: "with subject and metadata",
    options: { init: { subject: "user|7", metadata: { topic: "a|b" } } },
    commands: 13,
  },
  { name: "with a lifetime", store: { ttlMs: 600_000 }, options: { operation }, commands: 17 },
  { name: "with a fixed lifetime", store: { ttlMs: 600_000, expiry: "fixed" }, events: [pinned, note] },
  { name: "with a lifetime of its own", store: { ttlMs: 600_000 }, options: { ttlMs: 900_000 } },
  { name: "that lives for ever beside others", store: { ttlMs: 600_000 }, options: { ttlMs: null } },
  {
    name: "with ids of one's own",
    store: { ids: { next: () => `in|c%${count++}` } },
    options: { operation },
  },
  { name: "of nothing", store: { ttlMs: 600_000 }, events: [], options: { operation } },
  {
    name: "of many events",
    events: Array.from({ length: 4500 }, () => pinned),
    store: { limits: { batchItems: 5000 } },
  },
];

describe.skipIf(!requireService("redis", { for: "first appends in store-redis" }))("a first append", () => {
  const open = useDocuments();

  /** Everything that the store has of a session, with what differs between two that were made alike left out. */
  async function stateOf(
    { raw, prefix }: DocumentsFixture,
    { session }: SessionAddress,
    { incarnation, token = "" }: AppendResult,
  ): Promise<unknown> {
    const keys = createKeys(prefix).session(tenant, session);
    const texts = async (...command: string[]): Promise<string> =>
      JSON.stringify(((await raw(...command)) as unknown[]).flat(2).map(String));
    const scores = async (key: string): Promise<string> => texts("ZRANGE", key, "0", "-1", "WITHSCORES");
    const fields = ((await raw("HKEYS", keys.operations)) as string[]).toSorted();
    const state = {
      log: await texts("LRANGE", keys.log, "0", "-1"),
      operations: [fields, await texts("HMGET", keys.operations, ...fields)],
      columns: await raw("GET", keys.columns),
      landmarks: await scores(keys.landmarks),
      listed: await Promise.all(
        [keys.sessions, keys.changes, keys.created, keys.expiring, keys.ended].map(async (key) =>
          String(await raw("ZSCORE", key, session)),
        ),
      ),
      subject: await raw("ZSCORE", keys.subjects, `user%7C7\0${session}`),
      lives: await Promise.all(
        [
          keys.log,
          keys.operations,
          keys.columns,
          keys.landmarks,
          keys.sessions,
          keys.created,
          keys.changes,
        ].map(async (key) => Math.sign(Number(await raw("PTTL", key)))),
      ),
    };
    return JSON.parse(
      JSON.stringify(state)
        .replaceAll(encodeURIComponent(incarnation), "incarnation")
        .replaceAll(token, "token")
        .replaceAll(/(?<!\d)1\d{12}(?!\d)/gu, "time"),
    );
  }

  it.each(kinds)("$name leaves what the full script leaves", async (kind) => {
    const { store: options, events = [message], options: append = {}, commands } = kind;
    const fixture = open(options);
    const { store, raw, prefix, costOf } = fixture;
    const keys = createKeys(prefix);
    // The bucket has a session, and its registry is long enough for the next ones.
    for (const index of [0, 1]) await store.log.append(addressAt(index), [note]);
    const [short, full] = [addressAt(2), addressAt(3)];
    // Something that is left of a lost session takes the full script, and goes.
    await raw("SET", keys.session(tenant, full.session).columns, "left");
    let result: AppendResult | undefined;
    const { calls, commands: counted } = await costOf(async () => {
      result = await store.log.append(short, events, append);
    });
    expect(calls.get("evalsha")).toBe(1);
    if (commands !== undefined) expect(counted).toBeLessThanOrEqual(commands);
    const other = await store.log.append(full, events, append);
    expect(other).toMatchObject({ firstSeq: 1, version: events.length, revision: 1, replayed: false });
    expect(await stateOf(fixture, short, result as AppendResult)).toEqual(
      await stateOf(fixture, full, other),
    );
    // Each write that looks at everything finds everything.
    for (const address of [short, full]) {
      if (append.operation !== undefined)
        expect((await store.log.append(address, events, append)).replayed).toBe(true);
      await store.log.append(address, [note], { expectedVersion: events.length });
      await store.log.touch(address, { metadata: { touched: true } });
      expect(
        (await store.log.read(address, { types: ["x-note"], direction: "backward" })).events[0]?.body,
      ).toBe("one");
      expect(await store.log.delete(address)).toBe(true);
    }
    const left = (await fixture.keys()).filter((key) => key.includes(`:${short.session}:`));
    expect(left.map((key) => key.split(":").at(-1))).toEqual(["ops"]);
  });

  it("keeps what lists its session for as long as the session lives", async () => {
    const { store, raw, prefix } = open();
    for (let index = 0; index < 12; index++) {
      const address = addressAt(index);
      const init = index % 2 === 0 ? {} : { init: { subject: "user-7" } };
      await store.log.append(address, [message], { ttlMs: 60_000 * (index + 1), ...init });
      const keys = createKeys(prefix).session(tenant, address.session);
      const beside = Number(await raw("PTTL", keys.columns));
      for (const key of [keys.sessions, keys.created, keys.expiring, keys.updated])
        expect(Number(await raw("PTTL", key)), key).toBeGreaterThan(beside);
      if (index > 0) expect(Number(await raw("PTTL", keys.subjects))).toBeGreaterThan(beside);
    }
    // One that lives for ever takes the expiry of all of them.
    await store.log.append(addressAt(12), [message]);
    const keys = createKeys(prefix).session(tenant, sessions[0] as string);
    for (const key of [keys.sessions, keys.created, keys.subjects, keys.changes])
      expect(await raw("PTTL", key), key).toBe(-1);
  });

  it("is refused as any append is, and leaves nothing", async () => {
    const fixture = open();
    const { store } = fixture;
    await store.log.append(addressAt(0), [note]);
    const lease = await store.leases.acquire(addressAt(1), { ttlMs: 60_000 });
    const stale = lease.fence - 1;
    const before = (await fixture.keys()).toSorted();
    for (const [options, code, details] of [
      [{ expectedVersion: 1 }, "conflict", { conflict: "version", version: 0 }],
      [{ incarnation: "gone" }, "history-lost", {}],
      [{ fence: stale }, "conflict", { conflict: "fence", fence: lease.fence }],
    ] as const)
      await expect(
        store.log.append(addressAt(1), [message], { operation, ...options }),
      ).rejects.toMatchObject({
        code,
        outcome: "not-applied",
        details,
      });
    expect((await fixture.keys()).toSorted()).toEqual(before);
    const written = await store.log.append(addressAt(1), [message], {
      operation,
      fence: lease.fence,
      expectedVersion: 0,
    });
    expect(written.version).toBe(1);
  });

  it("leaves nothing on a server without room", async () => {
    const fixture = open();
    const { store, raw } = fixture;
    await store.log.append(addressAt(0), [note]);
    const before = (await fixture.keys()).toSorted();
    await raw("CONFIG", "SET", "maxmemory", "1");
    try {
      await expect(store.log.append(addressAt(1), [message], { operation })).rejects.toMatchObject({
        code: "unavailable",
        outcome: "not-applied",
      });
    } finally {
      await raw("CONFIG", "SET", "maxmemory", "0");
    }
    expect((await fixture.keys()).toSorted()).toEqual(before);
    expect(await store.log.append(addressAt(1), [message], { operation })).toMatchObject({ version: 1 });
  });

  it("by another process continues the session that is there", async () => {
    const { store, other, costOf } = open();
    // Both know the tenant.
    await store.log.append(addressAt(0), [note]);
    await other.log.append(addressAt(1), [note]);
    const { incarnation } = await store.log.append(addressAt(2), [message], { operation });
    const { calls } = await costOf(async () => {
      const result = await other.log.append(addressAt(2), [pinned], {
        operation: { ...operation, id: "two" },
      });
      expect(result).toMatchObject({ version: 2, incarnation });
    });
    expect(calls.get("evalsha")).toBe(1);
    expect(await other.log.append(addressAt(2), [message], { operation })).toMatchObject({
      version: 1,
      replayed: true,
    });
  });

  it("ends an earlier end in the change feed, also when only that is left", async () => {
    const { store, raw, prefix } = open();
    await store.log.append(addressAt(0), [note]);
    await store.log.append(addressAt(1), [note]);
    await store.log.delete(addressAt(1));
    const keys = createKeys(prefix).session(tenant, addressAt(1).session);
    // As after a day, when its operations are forgotten.
    await raw("DEL", keys.operations);
    await store.log.append(addressAt(1), [message]);
    expect(await raw("ZSCORE", keys.ended, addressAt(1).session)).toBeNull();
    const { cursor } = await store.feed.changes(tenant);
    await store.log.append(addressAt(1), [message]);
    const { units } = await store.feed.changes(tenant, { cursor });
    expect(units).toMatchObject([{ kind: "session", session: addressAt(1).session }]);
  });
});
