import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { documentSortKey } from "@relevo/core/input";
import { afterAll } from "vitest";
import { createRedisStore, type RedisStore, type RedisStoreOptions } from "../src/index.ts";
import { patient, useRedis } from "./servers.ts";

/** A small generator of numbers from 0 to below 1 that gives the same sequence for the same seed. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Choices from such a generator. */
export interface Dice {
  /** A whole number from 0 to below the limit. */
  below(limit: number): number;
  pick<Item>(items: readonly Item[]): Item;
}

export function createDice(seed: number): Dice {
  const random = seeded(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  return { below, pick: (items) => items[below(items.length)] as (typeof items)[number] };
}

/** Waits until it holds. @throws Error with `what` when it does not within five minutes. */
export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 300_000;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`Not in time: ${what}.`);
    await sleep(5);
  }
}

/** One test's stores below a prefix of their own, and a look at what lies there. */
export interface DocumentsFixture {
  readonly store: RedisStore;
  /** Another client on the same data. */
  readonly other: RedisStore;
  readonly prefix: string;
  /** Sends a command to the server as it is. */
  raw(...args: readonly string[]): Promise<unknown>;
  /** Every key below the prefix. */
  keys(): Promise<readonly string[]>;
  /** What entries of indexes point at nothing, are missing or say something else than the documents do. */
  faults(): Promise<readonly string[]>;
  /** How often the server ran each command, and how much it sent, for the calls of `work`. */
  costOf(work: () => Promise<unknown>): Promise<Cost>;
}

export interface Cost {
  readonly commands: number;
  /** Bytes that the server sent. */
  readonly sent: number;
  /** By command's name, those within scripts too. */
  readonly calls: ReadonlyMap<string, number>;
}

/** A private server for the tests of one block; call it in a `describe`. */
export function useDocuments(): (options?: Partial<RedisStoreOptions>) => DocumentsFixture {
  const redis = useRedis();
  const open: RedisStore[] = [];
  afterAll(async () => {
    for (const store of open.splice(0)) await store.close();
  });
  return (options = {}) => {
    const [client, otherClient] = redis.clients();
    const prefix = `t-${randomUUID()}`;
    const store = createRedisStore({ client, prefix, ...patient, ...options });
    const other = createRedisStore({ client: otherClient, prefix, ...patient, ...options });
    open.push(store, other);
    const raw = (...args: readonly string[]): Promise<unknown> => client.sendCommand(args);
    const keys = async (): Promise<readonly string[]> => (await raw("KEYS", `*${prefix}*`)) as string[];
    return {
      store,
      other,
      prefix,
      raw,
      keys,
      faults: async () => (await Promise.all((await keys()).map((key) => faultsOf(raw, key)))).flat(),
      async costOf(work) {
        const before = await countsOf(raw);
        await work();
        const after = await countsOf(raw);
        // What asking costs is the same each time.
        const nothing = await countsOf(raw);
        const spent = (of: (counts: Counts) => number): number =>
          of(after) - of(before) - (of(nothing) - of(after));
        const names = [...after.calls.keys()].filter((name) => name !== "info");
        const calls = new Map(
          names.map((name) => [name, spent(({ calls }) => calls.get(name) ?? 0)] as const),
        );
        return {
          commands: [...calls.values()].reduce((sum, one) => sum + one, 0),
          sent: spent(({ sent }) => sent),
          calls: new Map([...calls].filter(([, count]) => count !== 0)),
        };
      },
    };
  };
}

interface Counts {
  readonly sent: number;
  readonly calls: ReadonlyMap<string, number>;
}

async function countsOf(raw: DocumentsFixture["raw"]): Promise<Counts> {
  const stats = String(await raw("INFO", "stats"));
  const commands = String(await raw("INFO", "commandstats"));
  return {
    sent: Number(/^total_net_output_bytes:(\d+)/mu.exec(stats)?.[1]),
    calls: new Map(
      [...commands.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gmu)].map(([, name = "", count]) => [
        name,
        Number(count),
      ]),
    ),
  };
}

const indexes = ["order", "tags", "expiring", "sources"] as const;

/** Compares the indexes beside a hash of documents with the documents, entry by entry. */
async function faultsOf(raw: DocumentsFixture["raw"], key: string): Promise<readonly string[]> {
  const index = indexes.find((name) => key.endsWith(`:docs:${name}`));
  // An index without its documents would not be looked at from their side.
  if (index !== undefined) {
    const hash = key.slice(0, -index.length - 1);
    return (await raw("EXISTS", hash)) === 1 ? [] : [`${key} is left of documents that are gone`];
  }
  if (!key.endsWith(":docs")) return [];
  // Not HGETALL: what the client makes of it depends on its protocol.
  const fields = (await raw("HKEYS", key)) as string[];
  // The empty field is no document's: no key is empty.
  const sortKeys = fields.filter((field) => field !== "");
  if (sortKeys.length === 0) return fields.map(() => `${key} is left without documents`);
  const records = (await raw("HMGET", key, ...sortKeys)) as string[];
  const expected = {
    order: [] as string[],
    tags: [] as string[],
    expiring: [] as string[],
    sources: [] as string[],
  };
  const faults: string[] = [];
  for (const [place, sortKey] of sortKeys.entries()) {
    const [, , , expires = "", tags = "", ...json] = (records[place] ?? "").split("|");
    const [namespace, name] = JSON.parse(json.join("|")) as [string[], string];
    if (documentSortKey(namespace, name) !== sortKey)
      faults.push(`${key}: ${sortKey} holds another document`);
    expected.order.push(sortKey);
    if (expires !== "0") expected.expiring.push(sortKey);
    const [own = "", sources = ""] = tags.split(";");
    for (const tag of own.split(",")) if (tag !== "") expected.tags.push(`${tag}\0${sortKey}`);
    // Those of a session stand in the index of its bucket.
    if (sources === "" || key.includes(":s:")) continue;
    for (const source of sources.split(",")) expected.sources.push(`${source}\0\0${sortKey}`);
  }
  for (const name of indexes) {
    const found = new Set((await raw("ZRANGE", `${key}:${name}`, "0", "-1")) as string[]);
    for (const member of expected[name])
      if (!found.delete(member)) faults.push(`${key}:${name} lacks ${JSON.stringify(member)}`);
    for (const member of found) faults.push(`${key}:${name} still has ${JSON.stringify(member)}`);
  }
  return faults;
}
