import { isConflict, MemoryError, type TransferredDocument } from "@relevo/core";
import { conflict } from "@relevo/core/input";
import { present } from "../../expect.ts";
import type { Mutant } from "../../harness.ts";
import { addressIn, storeMutant } from "../documents/document-mutant.ts";
import { sharedState, without } from "../log-mutant.ts";
import {
  endingBy,
  importMutant,
  insistentMutant,
  mapDocuments,
  nothing,
  sessionEnd,
  transferMutant,
} from "./transfer-mutant.ts";

/** Stores whose imports the cases must catch. */
export const importMutants: readonly Mutant[] = [
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
    "written-owners-are-denied",
    "owners-are-imported-one-by-one",
    "what fails behind the first owner says that nothing was applied",
    (error) => error.outcome === "unknown",
    async (_documents, _scope, _batch, _parts, { code, message, details }) => {
      throw new MemoryError(code, message, { details });
    },
  ),
  insistentMutant(
    "imports-win-races",
    "imports-and-puts-do-not-overwrite",
    "an import overwrites what was put while it ran",
    (error) => isConflict(error, "import") && typeof error.details.version === "number",
    async (documents, scope, batch) => {
      for (const document of batch.documents) await documents.delete(addressIn(scope, document));
      return documents.importDocuments(scope, batch);
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
