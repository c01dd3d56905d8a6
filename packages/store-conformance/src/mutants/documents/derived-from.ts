import { type DocumentInput, MemoryError } from "@relevo/core";
import type { Mutant } from "../../harness.ts";
import { without } from "../log-mutant.ts";
import { putMutant, resultMutant, storeMutant } from "./document-mutant.ts";

function underived(input: DocumentInput): DocumentInput {
  return without(input, "derivedFrom");
}

/** Stores that break what documents promise of their sources. */
export const derivedFromMutants: readonly Mutant[] = [
  resultMutant(
    "sources-are-not-shown",
    "derived-from-is-kept",
    "what a document is derived from is not returned",
    (document) => without(document, "derivedFrom"),
  ),
  storeMutant(
    "documents/removed-source-passes",
    "documents/removed-sources-are-refused",
    "a put that is derived from something removed is stored as derived from nothing",
    ({ documents }) => ({
      documents: {
        put: async (address, input, options) => {
          try {
            return await documents.put(address, input, options);
          } catch (error) {
            if (!MemoryError.isInstance(error, "conflict")) throw error;
            return documents.put(address, underived(input), options);
          }
        },
      },
    }),
  ),
  putMutant(
    "erasure-leaves-documents",
    "erasure-takes-what-is-derived",
    "an erasure leaves the documents that are derived from its events",
    (input, options) => [input.derivedFrom?.events === undefined ? input : underived(input), options],
  ),
  storeMutant(
    "documents/erasure-names-no-documents",
    "documents/erasure-takes-what-is-derived",
    "an erasure does not say which documents it removed",
    ({ log }) => ({ log: { erase: async (...call) => without(await log.erase(...call), "documents") } }),
  ),
  putMutant(
    "delete-leaves-derived-documents",
    "delete-takes-what-is-derived",
    "a delete leaves the documents that are derived from the document",
    (input, options) => [input.derivedFrom?.documents === undefined ? input : underived(input), options],
  ),
  storeMutant(
    "documents/sources-are-checked-before-only",
    "documents/no-derived-document-survives-a-race",
    "a source is looked at before a put and not after it",
    ({ documents }) => ({
      documents: {
        put: async (address, input, options) => {
          const stored = await documents.put(address, input, options).catch(() => undefined);
          return stored ?? documents.put(address, underived(input), options);
        },
      },
    }),
  ),
  storeMutant(
    "documents/bad-sources-are-dropped",
    "documents/derived-from-form",
    "sources that cannot be read are left out",
    ({ documents }) => ({
      documents: {
        put: async (address, input, options) => {
          try {
            return await documents.put(address, input, options);
          } catch (error) {
            if (!MemoryError.isInstance(error, "invalid-input")) throw error;
            return documents.put(address, underived(input), options);
          }
        },
      },
    }),
  ),
  storeMutant(
    "documents/standing-sources-are-forgotten",
    "documents/derived-document-is-replaced",
    "a put in place of a derived document whose sources have changed is stored as derived from nothing",
    ({ documents }) => ({
      documents: {
        async put(address, input, options = {}) {
          const current = await documents.get(address);
          if (current?.derivedFrom === undefined || current.version !== options.expectedVersion)
            return documents.put(address, input, options);
          const { derivedFrom } = current;
          const stored = await documents.put(address, underived(input), options);
          return { ...stored, derivedFrom };
        },
      },
    }),
  ),
];
