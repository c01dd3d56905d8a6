import { randomUUID } from "node:crypto";
import { type DocumentAddress, type EventInput, fingerprint, type JsonValue, type Store } from "@relevo/core";
import { address, batch, message } from "./samples.ts";

/** The jobs that every store on a server is measured with, against that server's own least work. */
export interface StoreWork {
  /** One message with an operation, so that a retry is safe. */
  append(): Promise<unknown>;
  appendBatch(): Promise<unknown>;
  /** The newest 20 events. */
  tail(): Promise<unknown>;
  put(): Promise<unknown>;
  get(): Promise<unknown>;
  /** 20 documents of 10,000, by a tag that 20 carry. */
  find(): Promise<unknown>;
}

export const tenant: string = address.tenant;
export const namespace: readonly string[] = ["agents", "planner"];
export const value: { readonly [name: string]: JsonValue } = {
  tone: "informal",
  words: 120,
  topics: ["launch", "pricing"],
};
export const documents: number = 10_000;
export const rareEach: number = 500;

export function storeWork(store: Store): StoreWork {
  const own = randomUUID();
  let count = 0;
  const one: readonly EventInput[] = [message(0)];
  const operation = (events: readonly EventInput[]) => ({
    id: `${own}-${count++}`,
    fingerprint: fingerprint(events),
  });
  const next = (): DocumentAddress => ({ tenant, namespace, key: `k${count++ % 1000}` });
  return {
    append: () => store.log.append(address, one, { operation: operation(one) }),
    appendBatch: () => store.log.append(address, batch, { operation: operation(batch) }),
    tail: () => store.log.read(address, { direction: "backward", limit: 20 }),
    put: () => store.documents.put(next(), { value }),
    get: () => store.documents.get(next()),
    find: () =>
      store.documents.find({ tenant }, { namespace: ["facts"], tags: { any: ["rare"] }, limit: 20 }),
  };
}

/** The jobs of a store that begin a session each, with an operation. */
export interface FirstWork {
  append(): Promise<unknown>;
  /** Of a pinned message, which has an index of its own. */
  appendPinned(): Promise<unknown>;
}

export function firstWork(store: Store): FirstWork {
  const own = randomUUID();
  let count = 0;
  const begin = (events: readonly EventInput[]): Promise<unknown> => {
    const session = `${own}-${count++}`;
    const operation = { id: session, fingerprint: fingerprint(events) };
    return store.log.append({ tenant, session }, events, { operation });
  };
  const one = [message(0)];
  const pinned = [{ ...message(0), pinned: true }];
  return { append: () => begin(one), appendPinned: () => begin(pinned) };
}

/** Fills the session up to this many messages, in batches. */
export async function fillLog(store: Store, history: number): Promise<void> {
  const version = (await store.log.head(address))?.version ?? 0;
  for (let done = version; done < history; done += batch.length) await store.log.append(address, batch);
}

/** The documents that `get` and `find` look for. */
export async function fillDocuments(store: Store): Promise<void> {
  for (let first = 0; first < 1000; first += 100) {
    await store.documents.putMany(
      Array.from({ length: 100 }, (_, index) => ({
        address: { tenant, namespace, key: `k${first + index}` },
        value,
      })),
    );
  }
  for (let first = 0; first < documents; first += 100) {
    await store.documents.putMany(
      Array.from({ length: 100 }, (_, index) => ({
        address: { tenant, namespace: ["facts"], key: `k${first + index}` },
        value: { number: first + index },
        tags: [(first + index) % rareEach === 0 ? "rare" : "common"],
      })),
    );
  }
}
