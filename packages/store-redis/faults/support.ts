import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { MemoryError, type SessionAddress } from "@relevo/core";
import {
  type AcknowledgedAppend,
  checkHistory,
  type HistoryAppend,
  type HistoryRead,
  type SeenEvent,
} from "@relevo/store-conformance";
import { createClient, createCluster } from "redis";
import {
  createRedisStore,
  type RedisClient,
  type RedisCluster,
  type RedisStore,
  type RedisStoreOptions,
} from "../src/index.ts";

/** What a fault has shown: what was counted, and what should not have been. */
export interface Finding {
  readonly summary: string;
  readonly violations: readonly string[];
}

export interface Fault {
  readonly name: string;
  run(): Promise<Finding>;
}

export interface OpenStore extends AsyncDisposable {
  readonly store: RedisStore;
}

type StoreOptions = Omit<RedisStoreOptions, "client">;

/** A store with a client of its own that never gives up, as a program has it. */
export async function openStore(url: string, options: StoreOptions = {}): Promise<OpenStore> {
  const client = createClient({ url, socket: { reconnectStrategy: 10, connectTimeout: 1000 } });
  client.on("error", () => undefined);
  await client.connect();
  return opened(client, () => client.destroy(), options);
}

export async function openClusterStore(
  urls: readonly string[],
  options: StoreOptions = {},
): Promise<OpenStore> {
  const client = createCluster({
    rootNodes: urls.map((url) => ({ url })),
    defaults: { socket: { reconnectStrategy: 20, connectTimeout: 1000 } },
  });
  client.on("error", () => undefined);
  await client.connect();
  return opened(client, () => client.destroy(), options);
}

function opened(client: RedisClient | RedisCluster, destroy: () => void, options: StoreOptions): OpenStore {
  const store = createRedisStore({ client, ...options });
  return {
    store,
    async [Symbol.asyncDispose]() {
      await store.close();
      destroy();
    },
  };
}

/** What one writer was told. */
export interface Written {
  readonly acknowledged: AcknowledgedAppend[];
  readonly unknown: HistoryAppend[];
  /** How often a call failed and was made again. */
  retries: number;
  /** How the failures called themselves: `timeout/unknown` and so on, with how many of each. */
  readonly errors: Map<string, number>;
  /** True when the writer was told that the session's history is lost, and stopped. */
  lost: boolean;
  /** The longest that one call took, in milliseconds. */
  longestMs: number;
  readonly violations: string[];
}

export interface WriteOptions {
  readonly writer: string;
  readonly count: number;
  readonly incarnation?: string;
  /** How many events each append has; 1 when left out. */
  readonly batch?: number;
  /** When the writer stops although not all is written, such as at the end of the fault. */
  readonly until?: () => boolean;
  /** How long one append is tried for, in milliseconds; 30,000 when left out. */
  readonly patienceMs?: number;
}

/** Appends one after the other, each with an operation id, and tries each until it is answered. */
export async function write(
  store: RedisStore,
  address: SessionAddress,
  options: WriteOptions,
): Promise<Written> {
  const { writer, count, incarnation, batch = 1, until, patienceMs = 30_000 } = options;
  const written: Written = {
    acknowledged: [],
    unknown: [],
    retries: 0,
    errors: new Map(),
    lost: false,
    longestMs: 0,
    violations: [],
  };
  for (let order = 1; order <= count && until?.() !== true && !written.lost; order++) {
    const id = `${writer}-${order}`;
    const events = Array.from({ length: batch }, (_, index) => `${id}.${index}`);
    const append: HistoryAppend = { operation: id, writer, order, events };
    const giveUpAt = performance.now() + patienceMs;
    for (;;) {
      const began = performance.now();
      try {
        const { firstSeq, version } = await store.log.append(
          address,
          events.map((body) => ({ type: "x-note" as const, body })),
          { operation: { id, fingerprint: id }, ...(incarnation === undefined ? {} : { incarnation }) },
        );
        written.acknowledged.push({ ...append, firstSeq, version });
        break;
      } catch (error) {
        if (!MemoryError.isInstance(error)) {
          written.violations.push(`an error without a type: ${String(error)}`);
          written.unknown.push(append);
          return written;
        }
        const kind = `${error.code}/${error.outcome}`;
        written.errors.set(kind, (written.errors.get(kind) ?? 0) + 1);
        if (error.code === "history-lost") {
          written.lost = true;
          written.unknown.push(append);
          break;
        }
        if (performance.now() > giveUpAt) {
          written.violations.push(`${id} was not answered within ${patienceMs} ms: ${error.message}`);
          written.unknown.push(append);
          return written;
        }
        written.retries++;
        await sleep(20);
      } finally {
        written.longestMs = Math.max(written.longestMs, performance.now() - began);
      }
    }
  }
  return written;
}

/** The whole log, or `undefined` when it is lost. */
export async function readAll(store: RedisStore, address: SessionAddress): Promise<readonly SeenEvent[]> {
  const seen: SeenEvent[] = [];
  for (let after = 0; ; ) {
    const { events, next } = await store.log.read(address, { after, limit: 1000 });
    for (const { seq, body } of events) seen.push({ seq, event: String(body) });
    if (next === undefined) return seen;
    after = next;
  }
}

/** What the writers' stories and the log do not agree on. */
export function judge(
  writers: readonly Written[],
  final: readonly SeenEvent[],
  reads: readonly HistoryRead[] = [],
): readonly string[] {
  const found = checkHistory({
    acknowledged: writers.flatMap(({ acknowledged }) => acknowledged),
    unknown: writers.flatMap(({ unknown }) => unknown),
    final,
    reads,
  });
  return [
    ...writers.flatMap(({ violations }) => violations),
    ...found.map(({ kind, message }) => `${kind}: ${message}`),
  ];
}

export function sum(writers: readonly Written[], of: (written: Written) => number): number {
  return writers.reduce((total, written) => total + of(written), 0);
}

export function acknowledgedOf(writers: readonly Written[]): number {
  return sum(writers, ({ acknowledged }) => acknowledged.length);
}

/** How the failures called themselves, most frequent first. */
export function errorsOf(writers: readonly Written[]): string {
  const all = new Map<string, number>();
  for (const { errors } of writers) {
    for (const [kind, count] of errors) all.set(kind, (all.get(kind) ?? 0) + count);
  }
  const sorted = [...all].sort((left, right) => right[1] - left[1]);
  return sorted.length === 0 ? "no error" : sorted.map(([kind, count]) => `${count} ${kind}`).join(", ");
}

/** Makes the session, so that its incarnation can be named from the first append of the writers on. */
export async function begin(store: RedisStore, address: SessionAddress): Promise<string> {
  const operation = { id: randomUUID(), fingerprint: "begin" };
  return (await store.log.append(address, [], { operation })).incarnation;
}

export function repeat<Value>(count: number, make: (index: number) => Value): readonly Value[] {
  return Array.from({ length: count }, (_, index) => make(index));
}
