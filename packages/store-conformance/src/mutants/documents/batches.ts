import { setImmediate as nextTurn } from "node:timers/promises";
import {
  type Document,
  type DocumentStore,
  type DocumentWrite,
  MemoryError,
  type SessionGuard,
} from "@relevo/core";
import { conflict } from "@relevo/core/input";
import type { Mutant } from "../../harness.ts";
import { documentMutant } from "./document-mutant.ts";

async function putOneByOne(
  documents: DocumentStore,
  writes: readonly DocumentWrite[],
  options: SessionGuard,
): Promise<Document[]> {
  const stored: Document[] = [];
  for (const [index, { address, expectedVersion, ...input }] of writes.entries()) {
    try {
      const condition = expectedVersion === undefined ? {} : { expectedVersion };
      stored.push(await documents.put(address, input, { ...options, ...condition }));
    } catch (error) {
      if (!MemoryError.isInstance(error, "conflict")) throw error;
      throw new MemoryError("conflict", error.message, {
        details: { ...error.details, index },
        cause: error,
      });
    }
    await nextTurn();
  }
  return stored;
}

/** Stores that break what batches and compare-and-set promise. */
export const batchMutants: readonly Mutant[] = [
  documentMutant(
    "put-many-is-cut",
    "put-many-stores-all",
    "putMany drops the last of several writes",
    (documents) => ({
      async putMany(writes, options) {
        const stored = await documents.putMany(writes.length > 1 ? writes.slice(0, -1) : writes, options);
        return stored;
      },
    }),
  ),
  documentMutant(
    "put-many-sorts",
    "put-many-stores-all",
    "putMany returns the documents in the order of their keys",
    (documents) => ({
      async putMany(...call) {
        const stored = await documents.putMany(...call);
        return stored.toSorted((a, b) => (a.key < b.key ? -1 : 1));
      },
    }),
  ),
  documentMutant(
    "put-many-one-by-one",
    "put-many-all-or-none",
    "putMany is several puts, and stops at the first that is refused",
    (documents) => ({
      putMany: async (writes, options = {}) => putOneByOne(documents, writes, options),
    }),
  ),
  documentMutant(
    "put-many-hides-the-index",
    "put-many-all-or-none",
    "the conflict of a putMany does not say which write was stale",
    (documents) => ({
      async putMany(...call) {
        try {
          return await documents.putMany(...call);
        } catch (error) {
          if (!MemoryError.isInstance(error, "conflict")) throw error;
          throw new MemoryError("conflict", error.message, { details: { ...error.details, index: 0 } });
        }
      },
    }),
  ),
  documentMutant(
    "put-many-spans-units",
    "batches-stay-in-one-unit",
    "putMany takes writes of several namespaces and sessions",
    (documents) => ({
      putMany: async (writes, options = {}) => putOneByOne(documents, writes, options),
    }),
  ),
  documentMutant(
    "delete-many-spans-units",
    "batches-stay-in-one-unit",
    "deleteMany takes parts of several namespaces and sessions",
    (documents) => ({
      async deleteMany(deletes, options) {
        let removed = 0;
        for (const one of deletes) removed += await documents.deleteMany([one], options);
        return removed;
      },
    }),
  ),
  documentMutant(
    "put-many-interleaves",
    "put-many-is-isolated",
    "two putMany calls take turns, write by write",
    (documents) => ({
      putMany: async (writes, options = {}) => putOneByOne(documents, writes, options),
    }),
  ),
  documentMutant(
    "delete-many-counts-names",
    "delete-many-removes-all",
    "deleteMany returns how many addresses it was given",
    (documents) => ({
      async deleteMany(deletes, options) {
        await documents.deleteMany(deletes, options);
        return deletes.length;
      },
    }),
  ),
  documentMutant(
    "delete-many-first-only",
    "delete-many-removes-all",
    "deleteMany removes only the first document",
    (documents) => ({
      async deleteMany(deletes, options) {
        const there = await documents.getMany(deletes.map(({ address }) => address));
        await documents.deleteMany(deletes.slice(0, 1), options);
        return there.filter((found) => found !== undefined).length;
      },
    }),
  ),
  documentMutant(
    "delete-many-one-by-one",
    "delete-many-all-or-none",
    "deleteMany is several deletes, and stops at the first that is refused",
    (documents) => ({
      async deleteMany(deletes, options = {}) {
        let removed = 0;
        for (const [index, { address, expectedVersion }] of deletes.entries()) {
          const current = await documents.get(address);
          if (expectedVersion !== undefined && expectedVersion !== current?.version) {
            throw new MemoryError("conflict", "Stale.", {
              details: { conflict: "version", version: current?.version ?? 0, index },
            });
          }
          if (await documents.delete(address, options)) removed++;
        }
        return removed;
      },
    }),
  ),
  documentMutant(
    "check-then-write",
    "concurrent-updates-lose-nothing",
    "expectedVersion is checked in one step and the document written in another",
    (documents) => ({
      async put(address, input, { expectedVersion, ...options } = {}) {
        const version = (await documents.get(address))?.version ?? 0;
        if (expectedVersion !== undefined && expectedVersion !== version)
          throw conflict("version", { version });
        await nextTurn();
        return await documents.put(address, input, options);
      },
    }),
  ),
];
