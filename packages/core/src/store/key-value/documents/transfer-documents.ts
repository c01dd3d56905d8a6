import { documentSortKey } from "../../../order.ts";
import type { TransferredDocument } from "../../../ports/document-transfer.ts";
import type { Answer } from "../../answer.ts";
import type {
  AdmittedDocumentImport,
  AdmittedExportDocuments,
  AdmittedRestore,
} from "../../document-batch.ts";
import type { DocumentPosition } from "../../document-queries.ts";
import type { DriverDocuments } from "../../driver.ts";
import type { DriverContext } from "../context.ts";
import { tenantKeys } from "../layout.ts";
import { slotOf } from "../log/log-snapshot.ts";
import { afterKey, afterPrefix } from "../space/encode-key.ts";
import type { KeyRecord } from "../space/records.ts";
import { type OwnerState, writeDocuments } from "./document-unit.ts";
import { type DocumentReader, openDocuments } from "./read-documents.ts";
import { type DocumentRecord, liveDocument, type StoredDocument, writeDocument } from "./stored-document.ts";

/** How many documents one read of an export asks for at most: each may be large. */
const windowSize = 50;
/** How many expired documents one page of an export passes over. */
const lookBudget = 10_000;

export async function exportDocuments(
  context: DriverContext,
  request: AdmittedExportDocuments,
): Promise<Answer<DriverDocuments | undefined>> {
  const reader = await openDocuments(context, request.scope, request);
  if (reader === undefined) return { ok: undefined };
  const documents: TransferredDocument[] = [];
  let budget = request.limit + lookBudget;
  let bytes = 0;
  let position: DocumentPosition | undefined;
  let next: DocumentPosition | undefined;
  for await (const record of documentsBehind(request, reader)) {
    bytes += record.bytes;
    const isFull = documents.length === request.limit || budget-- === 0;
    if (position !== undefined && (isFull || (bytes > context.limits.batchBytes && documents.length > 0))) {
      next = position;
      break;
    }
    const { namespace, key } = record.value;
    position = { namespace, key };
    const document = liveDocument(record, reader.now);
    if (document === undefined) bytes -= record.bytes;
    else documents.push(document);
  }
  const version = await greatestVersion(request, reader, documents);
  // The session has ended while its documents were read.
  if (version === undefined) return { ok: undefined };
  return { ok: { incarnation: reader.live?.incarnation, documents, version, next } };
}

async function* documentsBehind(
  { after, limit }: AdmittedExportDocuments,
  { keys, read }: DocumentReader,
): AsyncGenerator<DocumentRecord> {
  const to = afterPrefix(keys.documents);
  let from =
    after === undefined
      ? keys.documents
      : afterKey(keys.document(documentSortKey(after.namespace, after.key)));
  for (const size = Math.min(limit + 1, windowSize); ; ) {
    const found = (await read([], [{ from, to, limit: size }]))?.ranges[0] ?? [];
    for (const record of found) yield record as unknown as DocumentRecord;
    const last = found.at(-1);
    if (last === undefined || found.length < size) return;
    from = afterKey(last.key);
  }
}

/** The last version given in the units of the documents, read after them. */
async function greatestVersion(
  { scope: { tenant, session } }: AdmittedExportDocuments,
  reader: DocumentReader,
  documents: readonly TransferredDocument[],
): Promise<number | undefined> {
  if (session !== undefined) {
    const found = await reader.read([tenantKeys.session(tenant, session)], []);
    return found && (slotOf(found.records[0])?.documentVersion ?? 0);
  }
  const owners = new Map(
    documents.map(({ namespace: [first = "", ...rest] }) => {
      const owner = [first, ...rest.slice(0, 1)];
      return [JSON.stringify(owner), tenantKeys.owner(tenant, owner)] as const;
    }),
  );
  const found = await reader.read([...owners.values()], []);
  const versions = (found?.records ?? []).map(
    (record) =>
      (record as KeyRecord<{ readonly state: OwnerState }> | undefined)?.value.state.documentVersion ?? 0,
  );
  return versions.reduce((greatest, version) => Math.max(greatest, version), 0);
}

export function importDocuments(
  context: DriverContext,
  { scope, owner, incarnation, fence, floor, writes, signal }: AdmittedDocumentImport,
): Promise<Answer<{ readonly expired: number } | undefined>> {
  const request = {
    scope,
    namespace: owner ?? [],
    incarnation: undefined,
    fence,
    subject: undefined,
    metadata: {},
    signal,
  };
  return writeDocuments<{ readonly expired: number } | undefined>(
    context,
    request,
    { sealedToo: true },
    async (unit) => {
      if (unit === undefined) return { ok: undefined };
      const { transaction, live, keys, place } = unit;
      if (live !== undefined && live.incarnation !== incarnation)
        return { refused: "incarnation", current: live.incarnation };
      const { now } = transaction;
      const { records } = await transaction.read(writes.map(({ sortKey }) => keys.document(sortKey)));
      let expired = 0;
      let added = 0;
      for (const [index, write] of writes.entries()) {
        if (write.expiresAt !== undefined && write.expiresAt <= now) {
          expired++;
          continue;
        }
        const found = records[index] as DocumentRecord | undefined;
        const current = liveDocument(found, now)?.version ?? 0;
        if (current !== write.expectedVersion) return { refused: "version", current, index };
        writeDocument(transaction, keys, place, restored(write), found);
        if (found === undefined) added++;
      }
      if (expired < writes.length || unit.version < floor) {
        if (live !== undefined && live.sealed !== true) return { refused: "unsealed", current: live.version };
        unit.save(Math.max(unit.version, floor), added);
      }
      return { ok: { expired } };
    },
  );
}

function restored(write: AdmittedRestore): StoredDocument {
  const { address, value, version, tags, metadata, derivedFrom, createdAt, updatedAt, expiresAt } = write;
  return {
    namespace: address.namespace,
    key: address.key,
    value,
    version,
    tags,
    metadata,
    ...(derivedFrom === undefined ? {} : { derivedFrom }),
    createdAt,
    updatedAt,
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
}
