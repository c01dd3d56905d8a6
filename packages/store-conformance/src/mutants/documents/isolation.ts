import { type Document, type DocumentInput, MemoryError } from "@relevo/core";
import { abortError, conflict } from "@relevo/core/input";
import type { Mutant } from "../../harness.ts";
import type { StoreParts } from "../break-store.ts";
import { sharedState, without } from "../log-mutant.ts";
import { documentMutant, everyDocument, placeKey, storeMutant } from "./document-mutant.ts";

function tenantsOf(parts: StoreParts): Set<string> {
  return sharedState(parts, "tenants", () => new Set<string>());
}

/** Put that remembers which tenants there are, as a store that keeps them all in one place does. */
function remembering(parts: StoreParts): Pick<StoreParts["documents"], "put"> {
  return {
    async put(address, ...rest) {
      tenantsOf(parts).add(address.tenant);
      return await parts.documents.put(address, ...rest);
    },
  };
}

function freezeDeep(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  Object.freeze(value);
  Object.values(value).forEach(freezeDeep);
}

/** Stores that break isolation, ownership of arguments and results, abort and close. */
export const isolationMutants: readonly Mutant[] = [
  documentMutant(
    "tenant-is-a-prefix",
    "tenants-read-apart",
    "find looks in every tenant whose id begins with the one asked for",
    (documents, parts) => ({
      ...remembering(parts),
      async find(scope, options) {
        const items: Document[] = [];
        for (const tenant of new Set([scope.tenant, ...tenantsOf(parts)])) {
          if (tenant.startsWith(scope.tenant))
            items.push(...(await everyDocument(documents, { ...scope, tenant }, options)));
        }
        return { items };
      },
    }),
  ),
  documentMutant(
    "namespaces-of-all-tenants",
    "tenants-read-apart",
    "namespaces lists those of every tenant",
    (documents, parts) => ({
      ...remembering(parts),
      async namespaces(scope, options) {
        const pages = [...new Set([scope.tenant, ...tenantsOf(parts)])].map((tenant) =>
          documents.namespaces({ ...scope, tenant }, options),
        );
        return { items: (await Promise.all(pages)).flatMap(({ items }) => items) };
      },
    }),
  ),
  documentMutant(
    "delete-in-all-tenants",
    "tenants-write-apart",
    "delete removes the address from every tenant",
    (documents, parts) => ({
      ...remembering(parts),
      async delete(address, options) {
        const deleted = await documents.delete(address, options);
        for (const tenant of tenantsOf(parts)) await documents.delete({ ...address, tenant });
        return deleted;
      },
    }),
  ),
  documentMutant(
    "conflict-shows-another-tenant",
    "tenants-fail-apart",
    "the version in a conflict is that of whichever tenant has the address",
    (documents, parts) => ({
      ...remembering(parts),
      async putMany(writes, options) {
        try {
          return await documents.putMany(writes, options);
        } catch (error) {
          for (const tenant of tenantsOf(parts)) {
            const theirs = writes[0] && (await documents.get({ ...writes[0].address, tenant }));
            if (theirs !== undefined) throw conflict("version", { version: theirs.version, index: 0 });
          }
          throw error;
        }
      },
    }),
  ),
  documentMutant(
    "conflict-quotes-the-value",
    "tenants-fail-apart",
    "a conflict quotes the document of another tenant",
    (documents, parts) => ({
      ...remembering(parts),
      async put(address, ...rest) {
        tenantsOf(parts).add(address.tenant);
        try {
          return await documents.put(address, ...rest);
        } catch (error) {
          if (!MemoryError.isInstance(error, "conflict")) throw error;
          const theirs: (Document | undefined)[] = [];
          for (const tenant of tenantsOf(parts)) theirs.push(await documents.get({ ...address, tenant }));
          throw new MemoryError("conflict", `${error.message} There are: ${JSON.stringify(theirs)}`, {
            details: error.details,
          });
        }
      },
    }),
  ),
  documentMutant(
    "input-is-kept",
    "input-is-neither-kept-nor-changed",
    "the stored value is the caller's own object",
    (documents, parts) => {
      const kept = sharedState(parts, "kept", () => new Map<string, DocumentInput>());
      const own = (document: Document | undefined, place: string): Document | undefined =>
        document && { ...document, value: kept.get(place)?.value ?? document.value };
      return {
        async put(address, input, options) {
          kept.set(placeKey(address), { value: input.value });
          return await documents.put(address, input, options);
        },
        async getMany(addresses, options) {
          const found = await documents.getMany(addresses, options);
          return found.map((document, index) =>
            own(document, placeKey(addresses[index] ?? addresses[0] ?? never())),
          );
        },
      };
    },
  ),
  documentMutant(
    "input-is-frozen",
    "input-is-neither-kept-nor-changed",
    "put freezes what it is given",
    (documents) => ({
      async put(address, input, options) {
        freezeDeep(input);
        return await documents.put(address, input, options);
      },
    }),
  ),
  documentMutant(
    "tags-are-sorted-in-place",
    "input-is-neither-kept-nor-changed",
    "putMany sorts the caller's tags",
    (documents) => ({
      async putMany(writes, options) {
        for (const { tags } of writes) (tags as string[] | undefined)?.sort();
        return await documents.putMany(writes, options);
      },
    }),
  ),
  documentMutant(
    "output-is-shared",
    "output-is-frozen-or-a-copy",
    "get hands out one object again and again",
    (documents, parts) => {
      const cache = sharedState(parts, "cache", () => new Map<string, Document>());
      return {
        async get(address, options) {
          const found = await documents.get(address, options);
          if (found === undefined) return undefined;
          if (!cache.has(placeKey(address))) cache.set(placeKey(address), structuredClone(found));
          return cache.get(placeKey(address));
        },
      };
    },
  ),
  documentMutant("signal-is-ignored", "aborted-changes-nothing", "find ignores its signal", (documents) => ({
    find: async (scope, options = {}) => documents.find(scope, without(options, "signal")),
  })),
  documentMutant(
    "aborted-after-the-write",
    "aborted-changes-nothing",
    "put looks at its signal after the write",
    (documents) => ({
      async put(address, input, options = {}) {
        const stored = await documents.put(address, input, without(options, "signal"));
        if (options.signal?.aborted) throw abortError(options.signal);
        return stored;
      },
    }),
  ),
  storeMutant("documents/close-does-nothing", "documents/closed-refuses", "close does nothing", () => ({
    store: { close: async () => undefined },
  })),
  storeMutant(
    "documents/closed-reads-empty",
    "documents/closed-refuses",
    "after close a get finds nothing",
    ({ documents }) => ({
      documents: {
        async get(...call) {
          try {
            return await documents.get(...call);
          } catch (error) {
            if (!MemoryError.isInstance(error, "closed")) throw error;
            return undefined;
          }
        },
      },
    }),
  ),
];

function never(): never {
  throw new Error("There are as many results as addresses.");
}
