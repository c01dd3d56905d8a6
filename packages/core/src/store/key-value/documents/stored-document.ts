import type { JsonValue } from "../../../json.ts";
import { documentSortKey } from "../../../order.ts";
import type { Document } from "../../../ports/document-store.ts";
import { type DocumentKeys, dueKey } from "../layout.ts";
import type { KeyRecord } from "../space/records.ts";
import type { Transaction } from "../space/transaction.ts";
import type { SessionState } from "../unit/session-slot.ts";
import { type DerivedEntry, placeInList, sourceLists } from "./document-sources.ts";

/** A document in its entry: without what its session says of it. */
export type StoredDocument = Omit<Document, "incarnation">;

export type DocumentRecord = KeyRecord<StoredDocument>;

/** Where a document is removed by upkeep when its time is over. */
export interface DocumentPlace {
  readonly tenant: string;
  readonly session?: string | undefined;
  readonly generation?: string | undefined;
}

/** The document in the entry, unless its time is over. */
export function liveDocument(record: DocumentRecord | undefined, now: number): StoredDocument | undefined {
  const document = record?.value;
  return document?.expiresAt !== undefined && document.expiresAt <= now ? undefined : document;
}

/** The document as callers see it: one of a session never lives longer than the session, which may still change. */
export function showDocument(document: StoredDocument, live: SessionState | undefined): Document {
  if (live === undefined) return document;
  const { incarnation, expiresAt: end } = live;
  const { expiresAt: own } = document;
  const expiresAt = end === undefined || (own !== undefined && own <= end) ? own : end;
  return { ...document, ...(expiresAt === undefined ? {} : { expiresAt }), incarnation };
}

/** Writes the entries of a document in place of those of the one that was found. */
export function writeDocument(
  transaction: Transaction<never>,
  keys: DocumentKeys,
  place: DocumentPlace,
  document: StoredDocument,
  found: DocumentRecord | undefined,
): void {
  const { namespace, key, tags, expiresAt } = document;
  const sortKey = documentSortKey(namespace, key);
  const before = found?.value;
  for (const tag of before?.tags ?? []) {
    if (!tags.includes(tag)) transaction.remove(keys.tagged(tag, sortKey));
  }
  for (const tag of tags) {
    if (before?.tags.includes(tag) !== true) transaction.put(keys.tagged(tag, sortKey), 0);
  }
  if (before?.expiresAt !== undefined && before.expiresAt !== expiresAt)
    transaction.remove(documentDueKey(before.expiresAt, place, sortKey));
  if (expiresAt !== undefined && expiresAt !== before?.expiresAt)
    transaction.put(documentDueKey(expiresAt, place, sortKey), {
      kind: "document",
      tenant: place.tenant,
      ...(place.session === undefined ? {} : { session: place.session }),
      ...(place.generation === undefined ? {} : { generation: place.generation }),
      namespace: [...namespace],
      key,
    });
  unlistSources(transaction, keys, place, before);
  const entry: DerivedEntry = { session: place.session, generation: place.generation, namespace, key };
  for (const [index, list] of sourceLists(place.tenant, document.derivedFrom).entries()) {
    const listed = placeInList(list, place.generation, sortKey);
    transaction.put(listed, JSON.parse(JSON.stringify(entry)) as JsonValue);
    if (place.generation !== undefined)
      transaction.put(keys.elsewhere(sortKey, index), Buffer.from(listed).toString("base64url"));
  }
  transaction.put(keys.document(sortKey), document as unknown as JsonValue, found as KeyRecord | undefined);
}

export function removeDocument(
  transaction: Transaction<never>,
  keys: DocumentKeys,
  place: DocumentPlace,
  found: DocumentRecord,
): void {
  const { namespace, key, tags, expiresAt } = found.value;
  const sortKey = documentSortKey(namespace, key);
  for (const tag of tags) transaction.remove(keys.tagged(tag, sortKey));
  if (expiresAt !== undefined) transaction.remove(documentDueKey(expiresAt, place, sortKey));
  unlistSources(transaction, keys, place, found.value);
  transaction.remove(found.key, found as unknown as KeyRecord);
}

/** Takes a document out of the lists of what it is derived from. */
function unlistSources(
  transaction: Transaction<never>,
  keys: DocumentKeys,
  { tenant, generation }: DocumentPlace,
  document: StoredDocument | undefined,
): void {
  if (document === undefined) return;
  const sortKey = documentSortKey(document.namespace, document.key);
  for (const [index, list] of sourceLists(tenant, document.derivedFrom).entries()) {
    transaction.remove(placeInList(list, generation, sortKey));
    if (generation !== undefined) transaction.remove(keys.elsewhere(sortKey, index));
  }
}

export function documentDueKey(time: number, place: DocumentPlace, sortKey: string): Uint8Array {
  return dueKey(time, "document", place.tenant, place.generation ?? "", sortKey);
}
