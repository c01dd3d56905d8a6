import { isConflict } from "@relevo/core";
import { conflict, rangesInclude } from "@relevo/core/input";
import type { Mutant } from "../../harness.ts";
import {
  importMutant,
  insistentMutant,
  mapDocuments,
  nothing,
  transferMutant,
  underived,
} from "./transfer-mutant.ts";

/** Stores that do not keep what documents promise of their sources, or take any batch. */
export const sourceMutants: readonly Mutant[] = [
  importMutant(
    "sources-stay-behind",
    "sources-are-followed",
    "imported documents are derived from nothing",
    underived,
  ),
  insistentMutant(
    "erased-words-come-back",
    "erased-words-stay-away",
    "a document that repeats an erased event is imported as derived from nothing",
    (error) => isConflict(error, "removal"),
    (documents, scope, batch) => documents.importDocuments(scope, underived(batch)),
  ),
  transferMutant(
    "any-removal-refuses",
    "erased-words-stay-away",
    "a document is refused when anything was removed from the session of its source",
    (documents, { log }) => ({
      importDocuments: async (scope, batch, options) => {
        for (const [index, { derivedFrom }] of batch.documents.entries()) {
          const { session = "", removalRevision: seen = 0 } = derivedFrom?.events ?? {};
          const head = session === "" ? undefined : await log.head({ tenant: scope.tenant, session });
          if (head !== undefined && head.removalRevision > seen)
            throw conflict("removal", { removalRevision: head.removalRevision, index });
        }
        return documents.importDocuments(scope, batch, options);
      },
    }),
  ),
  transferMutant(
    "any-tombstone-refuses",
    "kept-documents-come-back",
    "a document is refused when it repeats an erased event, whatever was to become of it",
    (documents, { log }) => ({
      importDocuments: async (scope, batch, options) => {
        for (const [index, { derivedFrom }] of batch.documents.entries()) {
          const { session = "", ranges = [] } = derivedFrom?.events ?? {};
          if (session === "") continue;
          const { events } = await log.read({ tenant: scope.tenant, session }, { limit: 1000 });
          if (events.some(({ seq, erasedAt }) => erasedAt !== undefined && rangesInclude(ranges, seq)))
            throw conflict("removal", { removalRevision: 0, index });
        }
        return documents.importDocuments(scope, batch, options);
      },
    }),
  ),
  transferMutant(
    "moved-sessions-leave-facts",
    "derived-of-moved-sessions-goes",
    "what is derived from a session that has moved away stays",
    () => ({ eraseDerived: async () => [] }),
  ),
  importMutant(
    "erasures-count-by-revision-alone",
    "erasures-of-copies-count-by-time",
    "an erasure of a copy counts by its revision alone",
    (batch) => mapDocuments(batch, (document) => ({ ...document, updatedAt: document.updatedAt + 60_000 })),
  ),
  insistentMutant(
    "races-are-lost",
    "no-import-survives-a-race",
    "a document whose source is erased during its import stays",
    (error) => isConflict(error, "removal"),
    (documents, scope, batch) => documents.importDocuments(scope, underived(batch)),
  ),
  insistentMutant(
    "bad-batches-are-dropped",
    "batches-are-admitted",
    "a batch of another form is dropped in silence",
    (error) => error.code === "invalid-input",
    nothing,
  ),
];
