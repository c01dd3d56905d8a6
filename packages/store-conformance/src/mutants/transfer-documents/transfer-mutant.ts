import { type DocumentBatch, type DocumentScope, MemoryError, type TransferredDocument } from "@relevo/core";
import type { FullDocuments } from "../../capabilities.ts";
import type { Mutant } from "../../harness.ts";
import type { StoreParts } from "../break-store.ts";
import { storeMutant } from "../documents/document-mutant.ts";
import { without } from "../log-mutant.ts";

/** A mutant of the transfer of documents. Its id and its target begin with `transfer/documents-`. */
export function transferMutant(
  name: string,
  target: string,
  defect: string,
  replace: (documents: FullDocuments, parts: StoreParts) => Partial<FullDocuments>,
): Mutant {
  return storeMutant(`transfer/documents-${name}`, `transfer/documents-${target}`, defect, (parts) => ({
    documents: replace(parts.documents, parts),
  }));
}

export type Change = (
  batch: DocumentBatch,
  scope: DocumentScope,
  parts: StoreParts,
) => DocumentBatch | Promise<DocumentBatch>;

export function exportMutant(name: string, target: string, defect: string, change: Change): Mutant {
  return transferMutant(name, target, defect, (documents, parts) => ({
    exportDocuments: async (scope, options) => {
      const batch = await documents.exportDocuments(scope, options);
      return batch && change(batch, scope, parts);
    },
  }));
}

export function importMutant(name: string, target: string, defect: string, change: Change): Mutant {
  return transferMutant(name, target, defect, (documents, parts) => ({
    importDocuments: async (scope, batch, options) =>
      documents.importDocuments(scope, await change(batch, scope, parts), options),
  }));
}

/** An import that goes on in its own way when it is refused like this. */
export function insistentMutant(
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

export function mapDocuments(
  batch: DocumentBatch,
  change: (document: TransferredDocument) => TransferredDocument,
): DocumentBatch {
  return { ...batch, documents: batch.documents.map(change) };
}

export function underived(batch: DocumentBatch): DocumentBatch {
  return mapDocuments(batch, (document) => without(document, "derivedFrom"));
}

export async function nothing(): ReturnType<FullDocuments["importDocuments"]> {
  return { imported: 0, unchanged: 0, expired: 0 };
}

export async function sessionEnd(
  { tenant, session }: DocumentScope,
  { log }: StoreParts,
): Promise<number | undefined> {
  return session === undefined ? undefined : (await log.head({ tenant, session }))?.expiresAt;
}

export function endingBy(document: TransferredDocument, end: number | undefined): TransferredDocument {
  return end === undefined || (document.expiresAt ?? end) < end ? document : { ...document, expiresAt: end };
}
