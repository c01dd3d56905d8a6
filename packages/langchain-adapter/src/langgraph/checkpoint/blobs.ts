import type { Document, DocumentAddress, DocumentStore, JsonValue } from "@relevo/core";
import { maxPageSize } from "@relevo/core/input";
import { LRUCache } from "lru-cache";
import { type BlobWrite, lengthOf } from "./stored-bytes.ts";
import { blobAddress, type Thread } from "./thread.ts";

const recentBytes = 8 * 1024 * 1024;

/** The documents that hold values, by the hash of their content. Those that this process wrote or read last are not read again. */
export class Blobs {
  readonly #documents: DocumentStore;
  readonly #recent: LRUCache<string, NonNullable<JsonValue>> = new LRUCache({
    maxSize: recentBytes,
    sizeCalculation: lengthOf,
  });

  constructor(documents: DocumentStore) {
    this.#documents = documents;
  }

  /** Notes what was stored. */
  note({ key, value }: BlobWrite): void {
    if (value !== null) this.#recent.set(key, value);
  }

  /**
   * The values by their keys; those that are missing are left out. Other documents come as they were at the moment of the
   * first read.
   */
  async read(
    thread: Thread,
    keys: readonly string[],
    others: readonly DocumentAddress[] = [],
  ): Promise<[blobs: ReadonlyMap<string, JsonValue>, ...others: (Document | undefined)[]]> {
    const blobs = new Map<string, JsonValue>();
    const missing = new Set<string>();
    for (const key of keys) {
      const value = this.#recent.get(key);
      if (value === undefined) missing.add(key);
      else blobs.set(key, value);
    }
    const addresses = [...others, ...[...missing].map((key) => blobAddress(thread, key))];
    const read: (Document | undefined)[] = [];
    for (let from = 0; from < addresses.length; from += maxPageSize)
      read.push(...(await this.#documents.getMany(addresses.slice(from, from + maxPageSize))));
    for (const document of read.slice(others.length)) {
      if (document === undefined) continue;
      blobs.set(document.key, document.value);
      this.note(document);
    }
    return [blobs, ...read.slice(0, others.length)];
  }
}
