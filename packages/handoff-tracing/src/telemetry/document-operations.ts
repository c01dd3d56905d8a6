import type { Span } from "@opentelemetry/api";
import type { Document, DocumentAddress, DocumentScope, DocumentStore, DocumentTransfer } from "@relevo/core";
import { relevo } from "./attributes.ts";
import { genAi, type MemoryOperationName } from "./conventions.ts";
import { deletedDocument, markDeleted } from "./mark-records.ts";
import { documentRecordId, documentStoreId, ownerStoreId, sessionStoreId } from "./memory-ids.ts";
import type { MemoryRecord, Telemetry } from "./telemetry.ts";
import type { Operations } from "./trace-port.ts";

/** The unit of a document on a span; returns the session, if the document belongs to one. */
function startUnit(span: Span, address: DocumentAddress): string | undefined {
  span.setAttribute(relevo.tenant.name, address.tenant);
  span.setAttribute(genAi.memoryStoreId, documentStoreId(address));
  return address.session;
}

function startOne(span: Span, address: DocumentAddress): string | undefined {
  span.setAttribute(genAi.memoryRecordId, documentRecordId(address));
  return startUnit(span, address);
}

/** Of several documents: their store, when they are all of one, as those of one write always are. */
function startMany(span: Span, addresses: readonly DocumentAddress[]): string | undefined {
  const [first] = addresses;
  span.setAttribute(genAi.memoryRecordCount, addresses.length);
  if (first === undefined) return undefined;
  if (addresses.length === 1) return startOne(span, first);
  if (commonStoreId(addresses) !== undefined) return startUnit(span, first);
  span.setAttribute(relevo.tenant.name, first.tenant);
  return undefined;
}

function commonStoreId(addresses: readonly DocumentAddress[]): string | undefined {
  const ids = new Set(addresses.map(documentStoreId));
  const [only] = ids;
  return ids.size === 1 ? only : undefined;
}

/** The store that a search is limited to: a session, or one owner. */
function scopeStoreId(
  { tenant, session }: DocumentScope,
  namespace: readonly string[] | undefined,
): string | undefined {
  if (session !== undefined) return sessionStoreId(tenant, session);
  return namespace === undefined || namespace.length < 2 ? undefined : ownerStoreId(tenant, namespace);
}

function startScope(
  span: Span,
  scope: DocumentScope,
  namespace: readonly string[] | undefined,
): string | undefined {
  span.setAttribute(relevo.tenant.name, scope.tenant);
  const storeId = scopeStoreId(scope, namespace);
  if (storeId !== undefined) span.setAttribute(genAi.memoryStoreId, storeId);
  return scope.session;
}

/** Without a store that is common to all, a record's id begins with its own. */
function recordOf(
  { tenant, session }: DocumentScope,
  { namespace, key, value, version }: Document,
  storeId: string | undefined,
): MemoryRecord {
  const address = { tenant, ...(session === undefined ? {} : { session }), namespace, key };
  const path = documentRecordId(address);
  return {
    id: storeId === undefined ? `${documentStoreId(address)}/${path}` : path,
    content: value,
    metadata: { version },
  };
}

/** What a write asks for: nothing there, a version that was read, or whatever is there. */
function writeOf(expectedVersion: number | undefined): MemoryOperationName {
  if (expectedVersion === undefined) return "upsert_memory";
  return expectedVersion === 0 ? "create_memory" : "update_memory";
}

/** What spans say of the methods of a document store. */
export function documentOperations(telemetry: Telemetry): Operations<DocumentStore & DocumentTransfer> {
  const found = (
    span: Span,
    scope: DocumentScope,
    documents: readonly Document[],
    storeIdOf: () => string | undefined,
  ): void => {
    span.setAttribute(genAi.memoryRecordCount, documents.length);
    telemetry.setRecords(span, storeIdOf, (storeId) =>
      documents.map((document) => recordOf(scope, document, storeId)),
    );
  };
  const one = (span: Span, address: DocumentAddress, document: Document | undefined): void => {
    if (document !== undefined) span.setAttribute(relevo.documentVersion.name, document.version);
    found(span, address, document === undefined ? [] : [document], () => documentStoreId(address));
  };
  return {
    get: {
      name: "documents.get",
      memory: "search_memory",
      start: (span, [address]) => startOne(span, address),
      end: (span, [address], document) => one(span, address, document),
    },
    getMany: {
      name: "documents.get_many",
      memory: "search_memory",
      start: (span, [addresses]) => startMany(span, addresses),
      end(span, [addresses], documents) {
        const [first] = addresses;
        const there = documents.filter((document) => document !== undefined);
        if (first !== undefined) found(span, first, there, () => commonStoreId(addresses));
      },
    },
    put: {
      name: "documents.put",
      memory: (_, __, options) => writeOf(options?.expectedVersion),
      start(span, [address, , options]) {
        if (options?.fence !== undefined) span.setAttribute(relevo.fence.name, options.fence);
        return startOne(span, address);
      },
      end: (span, [address], document) => one(span, address, document),
    },
    putMany: {
      name: "documents.put_many",
      memory: (writes) => {
        const kinds = new Set(writes.map(({ expectedVersion }) => writeOf(expectedVersion)));
        const [only] = kinds;
        return kinds.size === 1 && only !== undefined ? only : "upsert_memory";
      },
      start(span, [writes, options]) {
        if (options?.fence !== undefined) span.setAttribute(relevo.fence.name, options.fence);
        return startMany(
          span,
          writes.map(({ address }) => address),
        );
      },
      end(span, [writes], documents) {
        const address = writes[0]?.address;
        if (address !== undefined) found(span, address, documents, () => documentStoreId(address));
      },
    },
    delete: {
      name: "documents.delete",
      memory: "delete_memory",
      start: (span, [address]) => startOne(span, address),
      changedNothing: (deleted) => !deleted,
    },
    deleteMany: {
      name: "documents.delete_many",
      start: (span, [deletes]) =>
        startMany(
          span,
          deletes.map(({ address }) => address),
        ),
      end(span, [deletes], removed) {
        span.setAttribute(relevo.removed.name, removed);
        const addresses = deletes.map(({ address }) => address);
        markDeleted(telemetry, span, addresses.map(deletedDocument));
      },
    },
    touch: {
      name: "documents.touch",
      start: (span, [address]) => startOne(span, address),
      end(span, _, document) {
        if (document !== undefined) span.setAttribute(relevo.documentVersion.name, document.version);
      },
    },
    find: {
      name: "documents.find",
      memory: "search_memory",
      start(span, [scope, options]) {
        telemetry.setContent(span, genAi.memoryQueryText, options?.text, { kind: "query" });
        return startScope(span, scope, options?.namespace ?? options?.namespacePrefix);
      },
      end: (span, [scope, options], { items }) =>
        found(span, scope, items, () => scopeStoreId(scope, options?.namespace ?? options?.namespacePrefix)),
    },
    count: {
      name: "documents.count",
      start: (span, [scope, options = {}]) =>
        startScope(span, scope, "namespacePrefix" in options ? options.namespacePrefix : options.namespace),
      end: (span, _, count) => span.setAttribute(genAi.memoryRecordCount, count),
    },
    namespaces: {
      name: "documents.namespaces",
      start: (span, [scope, options]) => startScope(span, scope, options?.prefix),
    },
    // As of events: an archive is counted, not shown.
    exportDocuments: {
      name: "documents.export_documents",
      start: (span, [scope]) => startScope(span, scope, undefined),
      end: (span, _, batch) => span.setAttribute(genAi.memoryRecordCount, batch?.documents.length ?? 0),
    },
    importDocuments: {
      name: "documents.import_documents",
      start(span, [scope, { documents }]) {
        span.setAttribute(genAi.memoryRecordCount, documents.length);
        return startScope(span, scope, undefined);
      },
    },
    eraseDerived: {
      name: "documents.erase_derived",
      start: (span, [scope]) => startScope(span, scope, undefined),
      end: (span, _, erased) => span.setAttribute(genAi.memoryRecordCount, erased.length),
    },
  };
}
