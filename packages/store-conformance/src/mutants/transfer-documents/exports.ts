import type { DocumentScope, PageOptions } from "@relevo/core";
import { present } from "../../expect.ts";
import type { Mutant } from "../../harness.ts";
import { sharedState, without } from "../log-mutant.ts";
import { endingBy, exportMutant, mapDocuments, sessionEnd, transferMutant } from "./transfer-mutant.ts";

/** Stores whose exports the cases must catch. */
export const exportMutants: readonly Mutant[] = [
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
