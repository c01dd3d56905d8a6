import type { JsonValue } from "../json.ts";
import type { Document } from "../ports/document-store.ts";
import { jsonEquals } from "../where.ts";
import type { Answer, ImportRefusal } from "./answer.ts";
import type { AdmittedRestore, AdmittedTransferredDocument } from "./document-batch.ts";

/** What an import of documents has to write of one unit. */
export interface DocumentImportPlan {
  readonly writes: readonly AdmittedRestore[];
  /** How many are here just so. */
  readonly unchanged: number;
}

/** Compares documents of one unit with what is here at their addresses. */
export function planDocumentImport(
  documents: readonly AdmittedTransferredDocument[],
  here: readonly (Document | undefined)[],
): Answer<DocumentImportPlan> & (ImportRefusal | { readonly refused?: undefined }) {
  const writes: AdmittedRestore[] = [];
  for (const [position, document] of documents.entries()) {
    const ours = here[position];
    if (ours === undefined) writes.push({ ...document, expectedVersion: 0 });
    else if (ours.createdAt === document.createdAt && ours.version < document.version)
      writes.push({ ...document, expectedVersion: ours.version });
    else if (!isCopy(ours, document))
      return { refused: "import", version: ours.version, index: document.index };
  }
  return { ok: { writes, unchanged: documents.length - writes.length } };
}

/** Whether the two are the same version of the same document. A touch may have changed the expiry of either. */
function isCopy(ours: Document, theirs: AdmittedTransferredDocument): boolean {
  return (
    ours.version === theirs.version &&
    ours.createdAt === theirs.createdAt &&
    ours.updatedAt === theirs.updatedAt &&
    jsonEquals(contentOf(ours), contentOf(theirs))
  );
}

function contentOf({
  value,
  tags,
  metadata,
  derivedFrom,
}: Pick<Document, "value" | "tags" | "metadata"> & { readonly derivedFrom?: unknown }): JsonValue {
  return [value, [...tags], metadata, (derivedFrom ?? null) as JsonValue];
}
