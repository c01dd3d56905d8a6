import { setImmediate as nextTurn } from "node:timers/promises";
import { type Document, type DocumentWriteOptions, MemoryError, type Operation } from "@relevo/core";
import type { Mutant } from "../../harness.ts";
import { sharedState, without } from "../log-mutant.ts";
import { documentMutant, placeKey, storeMutant } from "./document-mutant.ts";

/** The options without an operation. */
function unnamed<Options extends DocumentWriteOptions>(options: Options | undefined): Options {
  return without(options ?? ({} as Options), "operation");
}

/** Stores that break what operations of document writes promise. */
export const documentOperationMutants: readonly Mutant[] = [
  documentMutant(
    "put-forgets-its-operation",
    "operation-replays-a-put",
    "the operation of a put is not looked at",
    (documents) => ({ put: (address, input, options) => documents.put(address, input, unnamed(options)) }),
  ),
  documentMutant(
    "put-many-forgets-its-operation",
    "operation-replays-a-put",
    "the operation of a putMany is not looked at",
    (documents) => ({ putMany: (writes, options) => documents.putMany(writes, unnamed(options)) }),
  ),
  documentMutant(
    "replay-shows-the-present",
    "operation-replays-a-put",
    "a replayed put returns the document as it is now",
    (documents) => ({
      put: async (address, input, options) => {
        const stored = await documents.put(address, input, options);
        return (await documents.get(address)) ?? stored;
      },
    }),
  ),
  documentMutant(
    "delete-forgets-its-operation",
    "operation-replays-a-delete",
    "the operation of a delete is not looked at",
    (documents) => ({ delete: (address, options) => documents.delete(address, unnamed(options)) }),
  ),
  documentMutant(
    "delete-of-nothing-is-not-remembered",
    "operation-replays-a-delete",
    "a delete that found nothing does not record its operation",
    (documents) => ({
      delete: async (address, options) =>
        documents.delete(address, (await documents.get(address)) ? options : unnamed(options)),
    }),
  ),
  documentMutant(
    "delete-many-counts-again",
    "operation-replays-a-delete",
    "a replayed deleteMany counts what is there now",
    (documents) => ({
      deleteMany: async (deletes, options) => {
        const found = await documents.getMany(deletes.map(({ address }) => address));
        await documents.deleteMany(deletes, options);
        return found.filter((document) => document !== undefined).length;
      },
    }),
  ),
  documentMutant(
    "operation-is-its-id",
    "operation-names-one-request",
    "the fingerprint of an operation is not compared",
    (documents) => {
      const plain = (operation: Operation): Operation => ({ ...operation, fingerprint: "one" });
      return {
        put: (address, input, options = {}) =>
          documents.put(address, input, {
            ...options,
            ...(options.operation && { operation: plain(options.operation) }),
          }),
      };
    },
  ),
  documentMutant(
    "operation-of-the-tenant",
    "operation-names-one-request",
    "the units of a tenant share one ledger",
    (documents, parts) => {
      const stored = sharedState(parts, "stored", () => new Map<string, Document>());
      return {
        put: async (address, input, options = {}) => {
          const known = stored.get(`${address.tenant} ${options.operation?.id}`);
          const document = await documents.put(address, input, options);
          if (options.operation !== undefined)
            stored.set(`${address.tenant} ${options.operation.id}`, known ?? document);
          return known ?? document;
        },
      };
    },
  ),
  documentMutant(
    "version-comes-before-the-operation",
    "operation-comes-before-the-guards",
    "a stale expected version is refused before the operation is looked up",
    (documents) => ({
      put: async (address, input, options = {}) => {
        const { expectedVersion } = options;
        const version = (await documents.get(address))?.version ?? 0;
        if (expectedVersion !== undefined && expectedVersion !== version)
          throw new MemoryError("conflict", "Stale.", { details: { conflict: "version", version } });
        return documents.put(address, input, options);
      },
    }),
  ),
  documentMutant(
    "operation-is-checked-then-written",
    "operation-races-are-applied-once",
    "an operation is looked up first and written later, so that racing puts all write",
    (documents, parts) => {
      const stored = sharedState(parts, "stored", () => new Map<string, Document>());
      return {
        put: async (address, input, options = {}) => {
          const key = placeKey(address) + options.operation?.id;
          const known = stored.get(key);
          if (known !== undefined) return known;
          await nextTurn();
          const document = await documents.put(address, input, unnamed(options));
          stored.set(key, document);
          return document;
        },
      };
    },
  ),
  storeMutant(
    "documents/late-retry-begins-a-session",
    "documents/operation-of-an-ended-session-is-lost",
    "the retry of a put brings a deleted session back",
    ({ documents }) => ({
      documents: {
        put: async (address, input, options) => {
          try {
            return await documents.put(address, input, options);
          } catch (error) {
            if (!MemoryError.isInstance(error, "history-lost")) throw error;
            return documents.put(address, input, unnamed(options));
          }
        },
      },
    }),
  ),
  documentMutant(
    "bad-operation-is-dropped",
    "operation-form",
    "an operation that cannot be read is left out",
    (documents) => ({
      put: async (address, input, options) => {
        try {
          return await documents.put(address, input, options);
        } catch (error) {
          if (!MemoryError.isInstance(error, "invalid-input")) throw error;
          return documents.put(address, input, unnamed(options));
        }
      },
    }),
  ),
];
