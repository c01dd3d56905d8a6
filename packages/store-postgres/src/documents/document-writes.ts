import type { Document, DocumentAddress } from "@relevo/core";
import { documentSortKey } from "@relevo/core/input";
import {
  type AdmittedDelete,
  type AdmittedDocument,
  type AdmittedDocumentTouch,
  type AdmittedPut,
  type Answer,
  type DocumentOperationRecord,
  namespaceSortPrefix,
  replayDelete,
  replayPut,
  searchableText,
} from "@relevo/core/store";
import { answerColumns, answerOf, callFunction, guardOf, type Refusable } from "../call-function.ts";
import type { StoreContext } from "../context.ts";
import { exactNumber } from "../database/exact-number.ts";
import { parseStored } from "../log/head.ts";
import { sourcesOf } from "./erase-derived.ts";
import { placeOf } from "./place.ts";
import { type DocumentRow, documentColumns, documentOf } from "./rows.ts";

/** What is remembered of an operation that is known. */
interface Recorded {
  readonly r_record: string | null;
}

interface DeleteRow extends Refusable, Recorded {
  readonly r_removed: string;
  readonly r_derived: boolean | null;
}

/** What the store gave a document. */
interface Stored {
  readonly r_version: string;
  readonly r_created_at: string;
  readonly r_updated_at: string;
  readonly r_expires_at: string | null;
  readonly r_incarnation: string | null;
}

interface PutRow extends Refusable, Recorded, Stored {}

/** Stores all or none, in one call of the schema's `put_document` or `put_documents`. */
export async function putDocuments(
  context: StoreContext,
  request: AdmittedPut,
): Promise<Answer<readonly Document[]>> {
  const { scope, writes, signal } = request;
  const [only] = writes;
  if (only !== undefined && writes.length === 1 && only.derivedFrom === undefined) {
    return await putDocument(context, request, only);
  }
  const numbers = answerColumns("r_index", "r_version", "r_created_at", "r_updated_at", "r_expires_at");
  const rows = await callFunction<PutRow>(context, scope, {
    name: "put_documents",
    columns: `${numbers}, f.r_incarnation, f.r_record`,
    given: {
      ...guardOf(request),
      parts: JSON.stringify(writes.map(partOf)),
      bodies: JSON.stringify(writes.map(bodyOf)),
      conditional: writes.some(({ expectedVersion }) => expectedVersion !== undefined),
      sourced: writes.some(({ derivedFrom }) => derivedFrom !== undefined),
      ...sharedOf(context, request),
    },
    effect: effectOf(request),
    signal,
  });
  const [first] = rows;
  if (first?.r_status === "known") return replayPut(request, recordOf(first));
  const answer = answerOf(first, () => {
    // They come in the order in which they were written, which is that of places.
    const byIndex = new Map(rows.map((row) => [Number(row.r_index), row]));
    return writes.map((write, index) => storedOf(write, byIndex.get(index) as PutRow));
  });
  return answer.refused === undefined ? { ok: answer.ok ?? [] } : answer;
}

/** One document that names no sources. */
async function putDocument(
  context: StoreContext,
  request: AdmittedPut,
  write: AdmittedDocument,
): Promise<Answer<readonly Document[]>> {
  const { address, sortKey, value, tags, metadata, ttlMs, expectedVersion } = write;
  const [row] = await callFunction<{ readonly answer: string }>(context, request.scope, {
    name: "put_document",
    given: {
      ...guardOf(request),
      place: placeOf(sortKey),
      namespace: address.namespace,
      key: address.key,
      tags,
      ttl_ms: ttlMs,
      expected: expectedVersion,
      value: JSON.stringify(value),
      metadata: JSON.stringify(metadata),
      searchable: searchableText(value),
      ...sharedOf(context, request),
    },
    effect: effectOf(request),
    signal: request.signal,
  });
  const text = row?.answer ?? "";
  const [status = "", first = "", createdAt = "", updatedAt = "", expiresAt = "", ...incarnation] =
    text.split("|");
  if (status === "known") return replayPut(request, recordOf({ r_record: text.slice("known|".length) }));
  const answer = answerOf({ r_status: status, r_current: first }, () => [
    storedOf(write, {
      r_version: first,
      r_created_at: createdAt,
      r_updated_at: updatedAt,
      r_expires_at: expiresAt === "-" ? null : expiresAt,
      r_incarnation: incarnation.length === 0 ? null : incarnation.join("|"),
    }),
  ]);
  return answer.refused === undefined ? { ok: answer.ok ?? [] } : answer;
}

/** The arguments that do not depend on the documents. */
function sharedOf(context: StoreContext, request: AdmittedPut): Readonly<Record<string, unknown>> {
  return {
    // For a session that the write begins.
    new_incarnation: request.scope.session === undefined ? undefined : context.ids.next(),
    subject: request.subject,
    init: JSON.stringify(request.metadata),
    owner: ownerOf(request.writes[0]?.address),
    ...operationOf(request),
  };
}

/** Done twice it could undo what another writer wrote in between; with an operation it is a replay. */
function effectOf({ operation }: Pick<AdmittedPut, "operation">): "once" | "repeatable" {
  return operation === undefined ? "once" : "repeatable";
}

/** How many were removed, and whether anything may be derived from what is gone. */
type Deleted = Answer<number> & { readonly derived?: boolean };

/** Removes all or none, in one call of the schema's `delete_document` or `delete_documents`. */
export async function deleteDocuments(context: StoreContext, request: AdmittedDelete): Promise<Deleted> {
  const [only] = request.deletes;
  if (only !== undefined && request.deletes.length === 1) return await deleteDocument(context, request, only);
  const parts = request.deletes.map(({ sortKey, expectedVersion }) => ({
    place: placeOf(sortKey),
    expected: expectedVersion,
  }));
  const [row] = await callFunction<DeleteRow>(context, request.scope, {
    name: "delete_documents",
    columns: `${answerColumns("r_index", "r_removed")}, f.r_record, f.r_derived`,
    given: {
      ...guardOf(request),
      parts: JSON.stringify(parts),
      owner: ownerOf(request.deletes[0]?.address),
      ...operationOf(request),
    },
    effect: effectOf(request),
    signal: request.signal,
  });
  if (row?.r_status === "known") return replayDelete(request, recordOf(row));
  const answer = answerOf(row, ({ r_removed }) => exactNumber(r_removed));
  return answer.refused === undefined ? { ok: answer.ok ?? 0, derived: row?.r_derived ?? true } : answer;
}

/** The answer is `done|removed|derived`, `known|` and what is remembered, or what was refused with its present value. */
async function deleteDocument(
  context: StoreContext,
  request: AdmittedDelete,
  { address, sortKey, expectedVersion }: AdmittedDelete["deletes"][number],
): Promise<Deleted> {
  const [row] = await callFunction<{ readonly answer: string }>(context, request.scope, {
    name: "delete_document",
    given: {
      ...guardOf(request),
      place: placeOf(sortKey),
      expected: expectedVersion,
      owner: ownerOf(address),
      ...operationOf(request),
    },
    effect: effectOf(request),
    signal: request.signal,
  });
  const text = row?.answer ?? "";
  const [status = "", first = "", derived] = text.split("|");
  if (status === "known") return replayDelete(request, recordOf({ r_record: text.slice("known|".length) }));
  const answer = answerOf({ r_status: status, r_current: first }, () => exactNumber(first));
  return answer.refused === undefined ? { ok: answer.ok ?? 0, derived: derived !== "false" } : answer;
}

/** Gives the document another end; `null` is none of its own. */
export async function touchDocument(
  context: StoreContext,
  request: AdmittedDocumentTouch,
): Promise<Answer<Document | undefined>> {
  const { address, ttlMs, signal } = request;
  const [row] = await callFunction<Refusable & DocumentRow>(context, address, {
    name: "touch_document",
    columns: `${answerColumns()}, f.r_incarnation as incarnation, ${documentColumns("(f.r_document)")}`,
    given: {
      ...guardOf(request),
      parts: placeOf(documentSortKey(address.namespace, address.key)),
      ttl_ms: ttlMs,
      owner: ownerOf(address),
    },
    effect: "once",
    signal,
  });
  return answerOf(row, (found) => documentOf(address, found));
}

function recordOf({ r_record }: Recorded): DocumentOperationRecord {
  return parseStored(r_record ?? "") as DocumentOperationRecord;
}

function operationOf({ operation }: AdmittedPut | AdmittedDelete): Readonly<Record<string, unknown>> {
  return { operation: operation?.id, fingerprint: operation?.fingerprint };
}

/** The place of the owner of a document that stands alone. */
function ownerOf(address: DocumentAddress | undefined): string | undefined {
  if (address === undefined || address.session !== undefined) return undefined;
  return placeOf(namespaceSortPrefix(address.namespace.slice(0, 2)));
}

/** What is needed to look at a document before its body is. */
function partOf({ address, sortKey, tags, ttlMs, expectedVersion }: AdmittedDocument): object {
  const { namespace, key } = address;
  return { place: placeOf(sortKey), namespace, key, tags, ttl: ttlMs, expected: expectedVersion };
}

/** What is stored of a document besides its place. */
export function bodyOf({
  value,
  metadata,
  derivedFrom,
}: Pick<AdmittedDocument, "value" | "metadata" | "derivedFrom">): object {
  const sources = derivedFrom && { derivedFrom, sources: sourcesOf(derivedFrom) };
  return { value, metadata, searchable: searchableText(value), ...sources };
}

function storedOf(write: AdmittedDocument, row: Stored): Document {
  return Object.freeze({
    namespace: write.address.namespace,
    key: write.address.key,
    value: write.value,
    version: exactNumber(row.r_version),
    tags: write.tags,
    metadata: write.metadata,
    ...(write.derivedFrom === undefined ? {} : { derivedFrom: write.derivedFrom }),
    createdAt: exactNumber(row.r_created_at),
    updatedAt: exactNumber(row.r_updated_at),
    ...(row.r_expires_at === null ? {} : { expiresAt: exactNumber(row.r_expires_at) }),
    ...(row.r_incarnation === null ? {} : { incarnation: row.r_incarnation }),
  });
}
