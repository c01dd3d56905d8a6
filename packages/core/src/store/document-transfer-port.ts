import { throwIfAborted } from "../input/numbers.ts";
import { MemoryError } from "../memory-error.ts";
import type { DocumentTransfer, ImportDocumentsResult } from "../ports/document-transfer.ts";
import { afterWrite } from "./after-write.ts";
import { type Answer, refusalError } from "./answer.ts";
import { encodeCursor } from "./cursor.ts";
import { type Derivation, hasSources } from "./derivation.ts";
import {
  type AdmittedDocumentBatch,
  type AdmittedTransferredDocument,
  admitEraseDerived,
  admitExportDocuments,
  admitImportDocuments,
  documentExportCursor,
} from "./document-batch.ts";
import type { StoreDriver } from "./driver.ts";
import { planDocumentImport } from "./plan-document-import.ts";
import { accept, settle } from "./settle.ts";

/** How often an import looks again at what another writer has changed. */
const maxAttempts = 5;

/** The documents of a batch that belong to one unit. */
interface UnitDocuments {
  readonly owner: readonly string[] | undefined;
  readonly documents: AdmittedTransferredDocument[];
}

type Parts = Pick<StoreDriver, "documents" | "transfer" | "limits">;

/** The transfer of documents over a driver. */
export function createDocumentTransferPort(
  { documents: driver, transfer, limits }: Parts,
  requireOpen: () => void,
  derivation: Derivation,
): DocumentTransfer {
  /** Compares with what is here, and writes what is missing. */
  async function restoreOnce(
    { scope, incarnation, version: floor, fence, signal }: AdmittedDocumentBatch,
    { owner, documents }: UnitDocuments,
  ): Promise<Answer<ImportDocumentsResult | undefined>> {
    const addresses = documents.map(({ address }) => address);
    const here = addresses.length === 0 ? [] : await settle(driver.get({ addresses, signal }));
    const other = here.find((document) => document !== undefined && document.incarnation !== incarnation);
    if (other?.incarnation !== undefined) return { refused: "incarnation", current: other.incarnation };
    const plan = planDocumentImport(documents, here);
    if (plan.refused !== undefined) return plan;
    const { writes, unchanged } = plan.ok;
    const restored = { scope, writes };
    const follows = hasSources(restored);
    if (follows) await derivation.requireUnerased(restored, signal);
    const answer = await transfer.importDocuments({
      scope,
      owner,
      incarnation,
      fence,
      floor,
      writes,
      signal,
    });
    if (answer.refused === "version") return { ...answer, index: writes[answer.index ?? 0]?.index };
    const done = accept(answer);
    if (done === undefined) return { ok: undefined };
    if (follows) await afterWrite(() => derivation.keepUnerased(restored));
    const { expired } = done;
    return { ok: { imported: writes.length - expired, unchanged, expired } };
  }

  async function restore(batch: AdmittedDocumentBatch, unit: UnitDocuments): Promise<ImportDocumentsResult> {
    for (let attempt = 1; ; attempt++) {
      const answer = await restoreOnce(batch, unit);
      if (answer.refused === "version") {
        // What another writer has put here meanwhile may be the same.
        if (attempt < maxAttempts) continue;
        const { current: version, index = 0 } = answer;
        throw refusalError({ refused: "import", version, index });
      }
      const result = accept(answer);
      if (result === undefined) throw new MemoryError("not-found", "There is no such session.");
      return result;
    }
  }

  return {
    async exportDocuments(scope, options) {
      requireOpen();
      const request = admitExportDocuments(scope, options, limits);
      const page = await settle(transfer.exportDocuments(request));
      if (page === undefined) return undefined;
      const { incarnation, documents, version, next } = page;
      return {
        ...(incarnation === undefined ? {} : { incarnation }),
        documents,
        version,
        ...(next === undefined
          ? {}
          : { cursor: encodeCursor(documentExportCursor, [next.namespace, next.key]) }),
      };
    },

    async importDocuments(scope, given, options) {
      requireOpen();
      const batch = admitImportDocuments(scope, given, options, limits);
      let result: ImportDocumentsResult = { imported: 0, unchanged: 0, expired: 0 };
      for (const [index, unit] of unitsOf(batch).entries()) {
        const restoreUnit = (): Promise<ImportDocumentsResult> => {
          throwIfAborted(batch.signal);
          return restore(batch, unit);
        };
        const { imported, unchanged, expired } = await (index === 0
          ? restoreUnit()
          : afterWrite(restoreUnit));
        result = {
          imported: result.imported + imported,
          unchanged: result.unchanged + unchanged,
          expired: result.expired + expired,
        };
      }
      return result;
    },

    async eraseDerived(source, options) {
      requireOpen();
      const { address, incarnation } = admitEraseDerived(source, options, limits);
      return derivation.followMoved(address, incarnation);
    },
  };
}

/** One for a session, also without documents; otherwise one for each owner, whose documents stand together. */
function unitsOf({ scope, documents }: AdmittedDocumentBatch): readonly UnitDocuments[] {
  if (scope.session !== undefined) return [{ owner: undefined, documents: [...documents] }];
  const units: UnitDocuments[] = [];
  for (const document of documents) {
    const { namespace } = document.address;
    const last = units.at(-1);
    if (last !== undefined && last.owner?.[0] === namespace[0] && last.owner?.[1] === namespace[1])
      last.documents.push(document);
    else units.push({ owner: namespace.slice(0, 2), documents: [document] });
  }
  return units;
}
