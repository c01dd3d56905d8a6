import { hash } from "node:crypto";
import { defaultLimits, type EventInput, fingerprint, type StoredEvent } from "@relevo/core";
import { admitAppend } from "@relevo/core/store";
import { createMemoryStore, type MemoryStore } from "@relevo/store-memory";
import { LRUCache } from "lru-cache";
import type { Benchmark, Work } from "./benchmark.ts";
import { address, batch, message } from "./samples.ts";

/** A store whose session has this many messages, with room for all that a benchmark adds. */
async function storeWith(history: number): Promise<MemoryStore> {
  const store = createMemoryStore({ sweepIntervalMs: 0, maxSessionBytes: 8 * 1024 ** 3 });
  for (let done = 0; done < history; done += batch.length) await store.log.append(address, batch);
  return store;
}

function onStore(store: MemoryStore, work: Omit<Work, typeof Symbol.dispose>): Work {
  return { ...work, [Symbol.dispose]: () => void store.close() };
}

/** What any store in the process does at least: find the session in the cache and push onto its array. */
function rawLog(history: number): {
  push(events: readonly EventInput[]): number;
  tail(count: number): readonly unknown[];
} {
  const cache = new LRUCache<string, unknown[]>({ max: 10_000 });
  cache.set(
    "acme/s-1",
    Array.from({ length: history }, (_, index) => message(index)),
  );
  return {
    push(events) {
      const log = cache.get("acme/s-1") ?? [];
      cache.set("acme/s-1", log);
      for (const event of events) log.push(event);
      return log.length;
    },
    tail: (count) => (cache.get("acme/s-1") ?? []).slice(-count),
  };
}

/** What keeping a caller's value costs when nothing of it is checked. */
function frozenCopy(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return Object.freeze(value.map(frozenCopy));
  const copy: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) copy[key] = frozenCopy(item);
  return Object.freeze(copy);
}

const one: readonly EventInput[] = [message(0)];

function appends(history: number): Benchmark {
  return {
    name: `append one, at ${history.toLocaleString("en")}`,
    floor: "lru-cache get + set + push",
    target: { micros: 3 },
    async setup() {
      const raw = rawLog(history);
      const store = await storeWith(history);
      return onStore(store, {
        floor: () => raw.push(one),
        subject: () => store.log.append(address, one),
      });
    },
  };
}

function idempotentAppends(history: number): Benchmark {
  return {
    name: `append one, idempotent with fingerprint, at ${history.toLocaleString("en")}`,
    floor: "lru-cache get + set + push",
    target: { micros: 3 },
    async setup() {
      const raw = rawLog(history);
      const store = await storeWith(history);
      let count = 0;
      return onStore(store, {
        floor: () => raw.push(one),
        subject: () =>
          store.log.append(address, one, {
            operation: { id: `op-${count++}`, fingerprint: fingerprint(one) },
          }),
      });
    },
  };
}

function batches(history: number): Benchmark {
  return {
    name: `append a batch of 100, an event, at ${history.toLocaleString("en")}`,
    floor: "lru-cache get + set + 100 pushes",
    operations: batch.length,
    async setup() {
      const raw = rawLog(history);
      const store = await storeWith(history);
      return onStore(store, {
        floor: () => raw.push(batch),
        subject: () => store.log.append(address, batch),
      });
    },
  };
}

function tails(history: number): Benchmark {
  return {
    name: `last 20, of ${history.toLocaleString("en")}`,
    floor: "lru-cache get + slice, in an async call",
    target: { beyondFloorMicros: 0.5 },
    async setup() {
      const raw = rawLog(history);
      const store = await storeWith(history);
      return onStore(store, {
        floor: async () => raw.tail(20),
        subject: () => store.log.read(address, { direction: "backward", limit: 20 }),
      });
    },
  };
}

/** Core's choke point and the in-process store, against lru-cache and plain JavaScript. */
export const inProcessBenchmarks: readonly Benchmark[] = [
  {
    name: "admission of one message",
    floor: "clone + freeze by hand, size of the JSON",
    target: { micros: 1.2 },
    setup: () => ({
      floor: () => Buffer.byteLength(JSON.stringify(frozenCopy(one))),
      subject: () => admitAppend(address, one, {}, defaultLimits, "token"),
    }),
  },
  {
    name: "fingerprint of one message",
    floor: "SHA-256 of JSON.stringify",
    setup: () => ({
      floor: () => hash("sha256", JSON.stringify(one), "base64url"),
      subject: () => fingerprint(one),
    }),
  },
  appends(100),
  appends(10_000),
  appends(100_000),
  idempotentAppends(100),
  idempotentAppends(100_000),
  batches(100),
  batches(100_000),
  tails(100),
  tails(10_000),
  tails(100_000),
  {
    name: "document get",
    floor: "lru-cache get, in an async call",
    target: { beyondFloorMicros: 0.5 },
    async setup() {
      const cache = new LRUCache<string, object>({ max: 10_000 });
      const store = await storeWith(0);
      const documentAddress = { tenant: "acme", namespace: ["agents", "planner"], key: "style" };
      cache.set("acme/agents/planner/style", { tone: "informal" });
      await store.documents.put(documentAddress, { value: { tone: "informal" } });
      return onStore(store, {
        floor: async () => cache.get("acme/agents/planner/style"),
        subject: () => store.documents.get(documentAddress),
      });
    },
  },
  {
    name: "document put",
    floor: "lru-cache set of a structuredClone, in an async call",
    async setup() {
      const cache = new LRUCache<string, object>({ max: 10_000 });
      const store = await storeWith(0);
      let count = 0;
      return onStore(store, {
        floor: async () =>
          cache.set(`acme/agents/planner/${count++ % 1000}`, structuredClone({ tone: "informal" })),
        subject: () =>
          store.documents.put(
            { tenant: "acme", namespace: ["agents", "planner"], key: `${count++ % 1000}` },
            { value: { tone: "informal" } },
          ),
      });
    },
  },
  {
    name: "find 20 of 10,000 documents by tag",
    floor: "filter of an array of 10,000",
    target: { ratio: 1 },
    async setup() {
      const store = await storeWith(0);
      const rows: { readonly tags: readonly string[]; readonly value: number }[] = [];
      for (let index = 0; index < 10_000; index++) {
        const tags = index % 500 === 0 ? ["rare"] : ["common"];
        rows.push({ tags, value: index });
        await store.documents.put(
          { tenant: "acme", namespace: ["facts"], key: `k${index}` },
          { value: index, tags },
        );
      }
      return onStore(store, {
        floor: async () => rows.filter((row) => row.tags.includes("rare")).slice(0, 20),
        subject: () => store.documents.find({ tenant: "acme" }, { tags: { any: ["rare"] }, limit: 20 }),
      });
    },
  },
  {
    name: "backward read of 1 after 2,000 undos",
    floor: "lru-cache get + slice, in an async call",
    target: { beyondFloorMicros: 0.5 },
    async setup() {
      const raw = rawLog(1);
      const store = await storeWith(0);
      await store.log.append(address, one);
      for (let undo = 0; undo < 2000; undo++) {
        const { version } = await store.log.append(address, one);
        const ranges = [{ from: version, to: version }];
        await store.log.append(address, [{ type: "retraction", body: { ranges, reason: "undo" } }]);
      }
      return onStore(store, {
        floor: async () => raw.tail(1),
        subject: (): Promise<{ readonly events: readonly StoredEvent[] }> =>
          store.log.read(address, { direction: "backward", limit: 1, types: ["message"] }),
      });
    },
  },
];
