import type { DocumentAddress, DocumentScope, SessionAddress } from "../address.ts";
import { admitFields, admitOptions, type FieldTable, fieldTable } from "../input/fields.ts";
import {
  admitDocumentAddress,
  admitDocumentScope,
  admitId,
  admitSessionAddress,
  admitTags,
} from "../input/ids.ts";
import { admitJson, admitMetadata } from "../input/json.ts";
import {
  admitInteger,
  admitLimit,
  admitOptionalInteger,
  admitTime,
  maxImportedVersion,
  throwIfAborted,
} from "../input/numbers.ts";
import { callKinds, pageFields } from "../input/option-kinds.ts";
import { refuse, tooLarge } from "../input/refuse.ts";
import type { Limits } from "../limits.ts";
import { compareUtf8, documentSortKey } from "../order.ts";
import type { PageOptions } from "../ports/common.ts";
import type { Document } from "../ports/document-store.ts";
import type { DocumentBatch, EraseDerivedOptions, TransferredDocument } from "../ports/document-transfer.ts";
import type { ImportOptions } from "../ports/event-transfer.ts";
import { admitCursor } from "./cursor.ts";
import { type AdmittedDocument, admitBatch } from "./document-calls.ts";
import { type DocumentPosition, positionIn } from "./document-queries.ts";
import { admitDocumentSources } from "./document-sources.ts";
import type { AdmittedCall } from "./log-calls.ts";
import { importFields } from "./log-fields.ts";

export interface AdmittedExportDocuments extends AdmittedCall {
  readonly scope: DocumentScope;
  /** The most documents: `limits.batchItems` or fewer. */
  readonly limit: number;
  /** The last document of the page before. */
  readonly after: DocumentPosition | undefined;
}

export const documentExportCursor = "exported documents";

export function admitExportDocuments(
  scope: DocumentScope,
  given: PageOptions | undefined,
  limits: Limits,
): AdmittedExportDocuments {
  const options = admitOptions(given, pageFields);
  throwIfAborted(options.signal);
  return {
    scope: admitDocumentScope(scope, limits),
    signal: options.signal,
    limit: Math.min(admitLimit(options.limit), limits.batchItems),
    after: positionIn(admitCursor(documentExportCursor, options.cursor, 2), limits),
  };
}

const eraseDerivedFields: FieldTable = fieldTable<EraseDerivedOptions>({
  ...callKinds,
  incarnation: "selects",
});

export function admitEraseDerived(
  address: SessionAddress,
  given: EraseDerivedOptions,
  limits: Limits,
): { readonly address: SessionAddress; readonly incarnation: string } {
  const { incarnation, signal } = admitFields(given, "options", eraseDerivedFields);
  throwIfAborted(signal);
  return {
    address: admitSessionAddress(address, limits),
    incarnation: admitId(incarnation, "options.incarnation", limits),
  };
}

/** A document that an import brings, with the version and the times that it has. */
export interface AdmittedTransferredDocument
  extends Omit<AdmittedDocument, "ttlMs" | "expectedVersion">,
    Pick<Document, "version" | "createdAt" | "updatedAt"> {
  readonly expiresAt: number | undefined;
  /** Its place in the batch. */
  readonly index: number;
}

/** A document to be written as it is. */
export interface AdmittedRestore extends AdmittedTransferredDocument {
  /** Of the older copy that it replaces; 0 when none is here, or one whose time is over. */
  readonly expectedVersion: number;
}

/** What a driver is to write of an import: documents of one unit. */
export interface AdmittedDocumentImport extends AdmittedCall {
  readonly scope: DocumentScope;
  /** Of documents that stand alone: what their namespaces have in common, as `unitOf` has it. */
  readonly owner: readonly string[] | undefined;
  /** Of documents of a session: the incarnation that must live here. */
  readonly incarnation: string | undefined;
  /** What later puts of the unit must be above. No write has a greater version. */
  readonly floor: number;
  readonly fence: number | undefined;
  /** May be none. */
  readonly writes: readonly AdmittedRestore[];
}

/** A batch from outside, checked like what a caller puts. */
export interface AdmittedDocumentBatch extends AdmittedCall {
  readonly scope: DocumentScope;
  readonly incarnation: string | undefined;
  readonly version: number;
  readonly fence: number | undefined;
  readonly documents: readonly AdmittedTransferredDocument[];
}

const batchFields: FieldTable = fieldTable<DocumentBatch>({
  incarnation: "selects",
  documents: "selects",
  version: "selects",
  cursor: "selects",
});

const documentFields: FieldTable = fieldTable<TransferredDocument>({
  namespace: "selects",
  key: "selects",
  value: "selects",
  version: "selects",
  tags: "selects",
  metadata: "selects",
  createdAt: "selects",
  updatedAt: "selects",
  expiresAt: "selects",
  derivedFrom: "selects",
});

/**
 * @throws `invalid-input` when the batch has another form, is not in order, or a version is past its own; `too-large`;
 *   with `details.index` of the document that is refused.
 */
export function admitImportDocuments(
  scope: DocumentScope,
  batch: DocumentBatch,
  given: ImportOptions | undefined,
  limits: Limits,
): AdmittedDocumentBatch {
  const { signal, fence } = admitOptions(given, importFields);
  throwIfAborted(signal);
  const place = admitDocumentScope(scope, limits);
  const { incarnation, documents, version } = admitFields(batch, "batch", batchFields);
  if ((incarnation === undefined) !== (place.session === undefined))
    throw refuse("batch.incarnation", "must be given for documents of a session, and for no others.");
  if (fence !== undefined && place.session === undefined)
    throw refuse("options.fence", "is of a session's lease, and these documents belong to none.");
  const greatest = admitInteger(version, "batch.version", 0, maxImportedVersion);
  let bytes = 0;
  let before: string | undefined;
  const admitted = admitBatch(documents, "batch.documents", limits, (document, field, index) => {
    const one = admitTransferred(place, document, greatest, index, field, limits);
    if (before !== undefined && compareUtf8(before, one.sortKey) >= 0)
      throw refuse(field, "is not in the order of find: namespace, then key, each document once.");
    before = one.sortKey;
    bytes += one.bytes;
    if (bytes > limits.batchBytes) throw tooLarge("batch.documents", "batchBytes", limits.batchBytes);
    return one;
  });
  return {
    scope: place,
    incarnation: incarnation === undefined ? undefined : admitId(incarnation, "batch.incarnation", limits),
    version: greatest,
    fence: admitOptionalInteger(fence, "fence", 0),
    documents: admitted,
    signal,
  };
}

function admitTransferred(
  scope: DocumentScope,
  document: TransferredDocument,
  greatest: number,
  index: number,
  field: string,
  limits: Limits,
): AdmittedTransferredDocument {
  const given = admitFields(document, field, documentFields);
  const address: DocumentAddress = admitDocumentAddress(
    { ...scope, namespace: given.namespace, key: given.key },
    limits,
  );
  const { value, bytes } = admitJson(given.value, `${field}.value`, limits);
  const time = (name: "createdAt" | "updatedAt"): number => {
    const admitted = admitTime(given[name], `${field}.${name}`);
    if (admitted === undefined) throw refuse(`${field}.${name}`, "is missing.");
    return admitted;
  };
  return {
    address,
    sortKey: documentSortKey(address.namespace, address.key),
    value,
    bytes,
    tags: admitTags(given.tags, `${field}.tags`, limits),
    metadata: admitMetadata(given.metadata, `${field}.metadata`, limits).value,
    derivedFrom: admitDocumentSources(given.derivedFrom, scope.tenant, `${field}.derivedFrom`, limits),
    version: admitInteger(given.version, `${field}.version`, 1, greatest),
    createdAt: time("createdAt"),
    updatedAt: time("updatedAt"),
    expiresAt: admitTime(given.expiresAt, `${field}.expiresAt`),
    index,
  };
}
