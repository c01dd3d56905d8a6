import { type Document, type DocumentStore, type DocumentWrite, MemoryError } from "@relevo/core";
import { type BlobWrite, lengthOf } from "./stored-bytes.ts";
import { blobAddress, blobs, headAddress, type Thread } from "./thread.ts";

/** The session as the writer knows it; another one of its id is not written. */
export interface WriteGuard {
  readonly incarnation?: string;
}

interface Waiting {
  readonly writes: readonly DocumentWrite[];
  readonly guard: WriteGuard;
  readonly resolve: (first: Document) => void;
  readonly reject: (error: unknown) => void;
}

/** What is stored with the parts that it refers to. */
export interface WholeWrite {
  readonly parts: readonly BlobWrite[];
  readonly documents: readonly DocumentWrite[];
  /** The head of the graph, see `pruneThread`: written by each put, on condition that it is as it was when that is given. */
  readonly head: { readonly isWritten: boolean; readonly expectedVersion?: number | undefined };
}

// Few and small enough for one write of any store, with what else comes with them.
const mostTogether = 500;
const partsAtOnce = 100;
const partBytesAtOnce = 8 * 1024 * 1024;

/**
 * Writes to sessions, each all or nothing. Those that come while another write of their session is under way, or in the same
 * turn of the event loop, go to the store in one call: a graph stores a checkpoint and the writes after it side by side, and
 * each call is a transaction. When the store refuses them together, each is written alone and has its own answer.
 */
export class SessionWrites {
  readonly #documents: DocumentStore;
  readonly #waiting: Map<string, Waiting[]> = new Map();

  constructor(documents: DocumentStore) {
    this.#documents = documents;
  }

  /** Stores them, and returns the first as it was stored. @throws what `putMany` throws. */
  async write(session: string, writes: readonly DocumentWrite[], guard: WriteGuard): Promise<Document> {
    return await new Promise((resolve, reject) => {
      const one = { writes, guard, resolve, reject };
      const waiting = this.#waiting.get(session);
      if (waiting !== undefined) return void waiting.push(one);
      this.#waiting.set(session, [one]);
      // What names no incarnation may begin a session: waiting, it could bring back one that is deleted meanwhile.
      if (guard.incarnation === undefined) void this.#drain(session);
      else setImmediate(() => void this.#drain(session));
    });
  }

  /**
   * Stores parts and what refers to them, all or none. Parts that are too many or too large for one write are stored before the
   * rest. A pruning in between would remove them, so the head must then be as it was before.
   *
   * @returns the first that was stored: the head, when it is written.
   */
  async writeWhole(
    thread: Thread,
    { parts, documents, head }: WholeWrite,
    guard: WriteGuard,
  ): Promise<Document> {
    const [last = [], ...before] = cut(parts);
    let expected = head.expectedVersion;
    if (before.length > 0) expected ??= await this.#headVersion(thread, guard);
    const write = (batch: readonly BlobWrite[], others: readonly DocumentWrite[]): Promise<Document> => {
      const stored = batch.map(({ key, value }) => ({ address: blobAddress(thread, key), value }));
      return this.write(thread.session, [...others, ...stored], guard);
    };
    for (const batch of before) await write(batch, []);
    const condition = expected === undefined ? {} : { expectedVersion: expected };
    const heads =
      head.isWritten || before.length > 0
        ? [{ address: headAddress(thread), value: null, ...condition }]
        : [];
    return await write(last, [...heads, ...documents]);
  }

  async #headVersion(thread: Thread, guard: WriteGuard): Promise<number> {
    const address = headAddress(thread);
    const head = await this.#documents.get(address);
    return (head ?? (await this.#documents.put(address, { value: null }, guard))).version;
  }

  async #drain(session: string): Promise<void> {
    const waiting = this.#waiting.get(session) ?? [];
    while (waiting.length > 0) await this.#store(waiting.splice(0, countTogether(waiting)));
    this.#waiting.delete(session);
  }

  async #store(together: readonly Waiting[]): Promise<void> {
    const writes = new Map<string, DocumentWrite>();
    const firsts = together.map((one) => {
      const [first] = one.writes.map((write) => {
        const name = nameOf(write);
        writes.set(name, write);
        return name;
      });
      return first;
    });
    const [{ guard }] = together as [Waiting];
    try {
      const documents = await this.#documents.putMany([...writes.values()], guard);
      const places = new Map([...writes.keys()].map((name, place) => [name, place]));
      for (const [index, { resolve }] of together.entries())
        resolve(documents[places.get(firsts[index] ?? "") ?? -1] as Document);
    } catch (error) {
      if (together.length > 1 && MemoryError.isInstance(error) && error.outcome === "not-applied")
        for (const one of together) await this.#store([one]);
      else for (const { reject } of together) reject(error);
    }
  }
}

/** How many of the first may be written together: of one incarnation, and no address twice unless the content is the same. */
function countTogether(waiting: readonly Waiting[]): number {
  const names = new Map<string, DocumentWrite>();
  let count = 0;
  for (const { writes, guard } of waiting) {
    if (guard.incarnation !== waiting[0]?.guard.incarnation) break;
    if (names.size + writes.length > mostTogether && count > 0) break;
    const isApart = writes.every((write) => {
      const other = names.get(nameOf(write));
      return other === undefined || isSameBlob(write, other);
    });
    if (!isApart) break;
    for (const write of writes) names.set(nameOf(write), write);
    count++;
  }
  return count;
}

/** What is stored under the hash of its content is the same from every writer. */
function isSameBlob(one: DocumentWrite, other: DocumentWrite): boolean {
  return one.address.namespace === blobs && other.address.namespace === blobs;
}

function nameOf({ address: { namespace, key } }: DocumentWrite): string {
  return JSON.stringify([namespace, key]);
}

function cut(parts: readonly BlobWrite[]): readonly BlobWrite[][] {
  const batches: BlobWrite[][] = [];
  let batch: BlobWrite[] = [];
  let bytes = 0;
  for (const part of parts) {
    const more = lengthOf(part.value);
    if (batch.length === 0 || batch.length === partsAtOnce || bytes + more > partBytesAtOnce) {
      batch = [];
      bytes = 0;
      batches.push(batch);
    }
    batch.push(part);
    bytes += more;
  }
  return batches;
}
