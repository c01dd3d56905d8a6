import {
  type DocumentBatch,
  type DocumentScope,
  isConflict,
  MemoryError,
  type PageOptions,
  type TransferredDocument,
} from "@relevo/core";
import { conflict } from "@relevo/core/input";
import type { FullDocuments } from "../capabilities.ts";
import { present } from "../expect.ts";
import type { Mutant } from "../harness.ts";
import type { StoreParts } from "./break-store.ts";
import { addressIn, storeMutant } from "./documents/document-mutant.ts";
import { sharedState, without } from "./log-mutant.ts";

/** A mutant of the transfer of documents. Its id and its target begin with `transfer/documents-`. */
function transferMutant(
  name: string,
  target: string,
  defect: string,
  replace: (documents: FullDocuments, parts: StoreParts) => Partial<FullDocuments>,
): Mutant {
  return storeMutant(`transfer/documents-${name}`, `transfer/documents-${target}`, defect, (parts) => ({
    documents: replace(parts.documents, parts),
  }));
}

type Change = (
  batch: DocumentBatch,
  scope: DocumentScope,
  parts: StoreParts,
) => DocumentBatch | Promise<DocumentBatch>;

function exportMutant(name: string, target: string, defect: string, change: Change): Mutant {
  return transferMutant(name, target, defect, (documents, parts) => ({
    exportDocuments: async (scope, options) => {
      const batch = await documents.exportDocuments(scope, options);
      return batch && change(batch, scope, parts);
    },
  }));
}

function importMutant(name: string, target: string, defect: string, change: Change): Mutant {
  return transferMutant(name, target, defect, (documents, parts) => ({
    importDocuments: async (scope, batch, options) =>
      documents.importDocuments(scope, await change(batch, scope, parts), options),
  }));
}

/** An import that goes on in its own way when it is refused like this. */
function insistentMutant(
  name: string,
  target: string,
  defect: string,
  isMeant: (error: MemoryError) => boolean,
  insist: (
    documents: FullDocuments,
    scope: DocumentScope,
    batch: DocumentBatch,
    parts: StoreParts,
    error: MemoryError,
  ) => ReturnType<FullDocuments["importDocuments"]>,
): Mutant {
  return transferMutant(name, target, defect, (documents, parts) => ({
    importDocuments: async (scope, batch, options) => {
      try {
        return await documents.importDocuments(scope, batch, options);
      } catch (error) {
        if (!MemoryError.isInstance(error) || !isMeant(error)) throw error;
        return insist(documents, scope, batch, parts, error);
      }
    },
  }));
}

function mapDocuments(
  batch: DocumentBatch,
  change: (document: TransferredDocument) => TransferredDocument,
): DocumentBatch {
  return { ...batch, documents: batch.documents.map(change) };
}

function underived(batch: DocumentBatch): DocumentBatch {
  return mapDocuments(batch, (document) => without(document, "derivedFrom"));
}

async function nothing(): ReturnType<FullDocuments["importDocuments"]> {
  return { imported: 0, unchanged: 0, expired: 0 };
}

async function sessionEnd(
  { tenant, session }: DocumentScope,
  { log }: StoreParts,
): Promise<number | undefined> {
  return session === undefined ? undefined : (await log.head({ tenant, session }))?.expiresAt;
}

function endingBy(document: TransferredDocument, end: number | undefined): TransferredDocument {
  return end === undefined || (document.expiresAt ?? end) < end ? document : { ...document, expiresAt: end };
}

/** Stores whose exports the cases must catch. */
const exportMutants: readonly Mutant[] = [
  exportMutant(
    "export-caps-the-expiry",
    "export-shows-what-is-stored",
    "documents are exported with the end of their session",
    async (batch, scope, parts) => {
      const end = await sessionEnd(scope, parts);
      return mapDocuments(batch, (document) => endingBy(document, end));
    },
  ),
  exportMutant(
    "export-is-backwards",
    "export-shows-what-is-stored",
    "a page of an export has its last document first",
    (batch) => ({ ...batch, documents: batch.documents.toReversed() }),
  ),
  exportMutant(
    "export-forgets-the-incarnation",
    "export-shows-what-is-stored",
    "an export does not tell the incarnation of its session",
    (batch) => without(batch, "incarnation"),
  ),
  exportMutant(
    "export-counts-what-it-shows",
    "export-tells-the-greatest-version",
    "the version of a batch is the greatest of its documents",
    (batch) => ({ ...batch, version: Math.max(0, ...batch.documents.map(({ version }) => version)) }),
  ),
  transferMutant(
    "export-knows-no-bytes",
    "export-ends-by-bytes",
    "an export gives as many documents as were asked for, however big they are",
    (documents) => ({
      exportDocuments: async (scope, options: PageOptions = {}) => {
        const { limit = 100 } = options;
        let batch = await documents.exportDocuments(scope, options);
        while (batch?.cursor !== undefined && batch.documents.length < limit) {
          const page = { limit: limit - batch.documents.length, cursor: batch.cursor };
          const more = present(await documents.exportDocuments(scope, page), "the rest");
          batch = { ...more, documents: [...batch.documents, ...more.documents] };
        }
        return batch;
      },
    }),
  ),
  transferMutant(
    "cursor-brings-its-scope",
    "export-stays-in-its-scope",
    "a cursor goes on in the scope that it was taken from",
    (documents, parts) => ({
      exportDocuments: async (scope, options = {}) => {
        const scopes = sharedState(parts, "cursors", () => new Map<string, DocumentScope>());
        const from = options.cursor === undefined ? undefined : scopes.get(options.cursor);
        const batch = await documents.exportDocuments(from ?? scope, options);
        if (batch?.cursor !== undefined && !scopes.has(batch.cursor)) scopes.set(batch.cursor, scope);
        return batch;
      },
    }),
  ),
  transferMutant(
    "no-session-is-an-empty-one",
    "export-stays-in-its-scope",
    "the export of a session that is not there is a batch without documents",
    (documents) => ({
      exportDocuments: async (...call) =>
        (await documents.exportDocuments(...call)) ?? { documents: [], version: 0 },
    }),
  ),
];

/** Stores whose imports the cases must catch. */
const importMutants: readonly Mutant[] = [
  importMutant(
    "import-writes-anew",
    "import-keeps-everything",
    "imported documents have the time of their import",
    (batch) => mapDocuments(batch, (document) => ({ ...document, updatedAt: document.updatedAt + 1 })),
  ),
  importMutant("import-forgets-tags", "import-keeps-everything", "imported documents have no tags", (batch) =>
    mapDocuments(batch, (document) => ({ ...document, tags: [] })),
  ),
  transferMutant(
    "import-moves-the-session",
    "import-keeps-everything",
    "an import of documents counts as a write of the session",
    (documents, { log }) => ({
      importDocuments: async (scope, batch, options) => {
        const result = await documents.importDocuments(scope, batch, options);
        const { tenant, session } = scope;
        if (session === undefined) return result;
        await log.unseal({ tenant, session });
        await log.seal({ tenant, session });
        return result;
      },
    }),
  ),
  importMutant(
    "versions-start-at-the-documents",
    "later-versions-are-greater",
    "versions go on from the greatest that was imported",
    (batch) => ({ ...batch, version: Math.max(0, ...batch.documents.map(({ version }) => version)) }),
  ),
  importMutant(
    "import-caps-the-expiry",
    "import-keeps-the-own-expiry",
    "imported documents end with their session as it is",
    async (batch, scope, parts) => {
      const end = await sessionEnd(scope, parts);
      return mapDocuments(batch, (document) => endingBy(document, end));
    },
  ),
  transferMutant(
    "expired-documents-come-back",
    "import-keeps-the-own-expiry",
    "documents whose time is over live for ever when they are imported",
    (documents) => ({
      importDocuments: async (scope, batch, options) => {
        const result = await documents.importDocuments(scope, batch, options);
        if (result.expired === 0) return result;
        await documents.importDocuments(
          scope,
          mapDocuments(batch, (document) => without(document, "expiresAt")),
        );
        return result;
      },
    }),
  ),
  transferMutant(
    "repeats-set-the-expiry-again",
    "import-can-be-repeated",
    "a batch that comes again takes the expiry of documents back",
    (documents, { log }) => ({
      importDocuments: async (scope, batch, options) => {
        const result = await documents.importDocuments(scope, batch, options);
        const { tenant, session = "" } = scope;
        if (result.unchanged > 0 && (await log.head({ tenant, session }))?.sealed !== true)
          for (const document of batch.documents)
            await documents.touch(addressIn(scope, document), { ttlMs: null });
        return result;
      },
    }),
  ),
  insistentMutant(
    "late-batches-win",
    "import-can-be-repeated",
    "a batch that comes late takes the place of what is newer",
    (error) => isConflict(error, "import") && typeof error.details.version === "number",
    async (documents, scope, batch) => {
      for (const document of batch.documents) await documents.delete(addressIn(scope, document));
      return documents.importDocuments(scope, batch);
    },
  ),
  transferMutant(
    "older-copies-are-in-the-way",
    "import-replaces-older-copies",
    "a document of which an older version is here is refused",
    (documents) => ({
      importDocuments: async (scope, batch, options) => {
        for (const [index, document] of batch.documents.entries()) {
          const { version } = (await documents.get(addressIn(scope, document))) ?? document;
          if (version < document.version) throw conflict("import", { version, index });
        }
        return documents.importDocuments(scope, batch, options);
      },
    }),
  ),
  insistentMutant(
    "others-are-passed-over",
    "import-refuses-what-is-newer-or-other",
    "documents that are here in another form are passed over in silence",
    (error) => isConflict(error, "import"),
    nothing,
  ),
  transferMutant(
    "documents-are-imported-one-by-one",
    "import-refuses-what-is-newer-or-other",
    "what stands before a refused document is written",
    (documents) => ({
      importDocuments: async (scope, batch, options) => {
        const sum = { imported: 0, unchanged: 0, expired: 0 };
        for (const [index, document] of batch.documents.entries()) {
          const one = { ...batch, documents: [document] };
          try {
            const { imported, unchanged, expired } = await documents.importDocuments(scope, one, options);
            sum.imported += imported;
            sum.unchanged += unchanged;
            sum.expired += expired;
          } catch (error) {
            if (!isConflict(error, "import")) throw error;
            throw conflict("import", { ...error.details, index });
          }
        }
        return sum;
      },
    }),
  ),
  insistentMutant(
    "index-counts-in-the-owner",
    "owners-are-imported-one-by-one",
    "a refusal tells the place of a document among those of its owner",
    (error) => isConflict(error, "import") && typeof error.details.index === "number",
    async (_documents, _scope, { documents }, _parts, error) => {
      const owner = ({ namespace }: TransferredDocument): string => JSON.stringify(namespace.slice(0, 2));
      const index = Number(error.details.index);
      const refused = present(documents[index], "the refused document");
      const first = documents.findIndex((document) => owner(document) === owner(refused));
      throw conflict("import", { ...error.details, index: index - first });
    },
  ),
  insistentMutant(
    "sessions-are-not-asked-for",
    "import-needs-its-session",
    "documents of a session that is not here are dropped in silence",
    (error) => error.code === "not-found",
    nothing,
  ),
  insistentMutant(
    "strangers-get-documents",
    "import-needs-its-session",
    "documents go to whichever incarnation lives here",
    (error) => isConflict(error, "incarnation"),
    (documents, scope, batch, _parts, { details }) =>
      documents.importDocuments(scope, { ...batch, incarnation: String(details.incarnation) }),
  ),
  insistentMutant(
    "open-sessions-get-documents",
    "import-needs-its-session",
    "documents are imported into a session that is open",
    (error) => error.details.sealed === false,
    async (documents, { tenant, session = "" }, batch, { log }) => {
      await log.seal({ tenant, session });
      const result = await documents.importDocuments({ tenant, session }, batch);
      await log.unseal({ tenant, session });
      return result;
    },
  ),
  transferMutant(
    "operations-are-known-everywhere",
    "operations-stay",
    "an operation of documents is known in every session",
    (documents, parts) => ({
      put: async (address, input, options = {}) => {
        const known = sharedState(parts, "operations", () => new Map<string, string>());
        const { id, fingerprint } = options.operation ?? { id: "", fingerprint: "" };
        if ((known.get(id) ?? fingerprint) !== fingerprint) throw conflict("operation", { operation: id });
        known.set(id, fingerprint);
        return documents.put(address, input, options);
      },
    }),
  ),
  storeMutant(
    "transfer/documents-imports-are-silent",
    "transfer/documents-imports-are-reported",
    "the feed does not report what an import has written",
    ({ documents, feed, ...parts }) => ({
      documents: {
        importDocuments: async (scope, ...call) => {
          sharedState({ documents, feed, ...parts }, "silent", () => new Set<string>()).add(scope.tenant);
          return documents.importDocuments(scope, ...call);
        },
      },
      feed: {
        changes: async (tenant, options) => {
          const page = await feed.changes(tenant, options);
          const silent = sharedState({ documents, feed, ...parts }, "silent", () => new Set<string>());
          return silent.has(tenant) ? { ...page, units: [] } : page;
        },
      },
    }),
  ),
];

/** Stores that do not keep what documents promise of their sources, or take any batch. */
const sourceMutants: readonly Mutant[] = [
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

/** The stores that the cases of the transfer of documents must catch. */
export const transferDocumentMutants: readonly Mutant[] = [
  ...exportMutants,
  ...importMutants,
  ...sourceMutants,
];
