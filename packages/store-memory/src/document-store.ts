import type {
  CallOptions,
  DeleteDocumentOptions,
  Document,
  DocumentAddress,
  DocumentScope,
  DocumentStore,
  FindOptions,
  NamespacesOptions,
  Page,
  PutOptions,
  SessionGuard,
} from "@relevo/core";
import { admitCall, admitDocumentAddress, documentSortKey } from "@relevo/core/input";
import {
  admitDelete,
  admitDeleteMany,
  admitFind,
  admitGetMany,
  admitNamespaces,
  admitPut,
  admitPutMany,
  admitTouchDocument,
} from "@relevo/core/store";
import { findDocuments } from "./document-find.ts";
import { listNamespaces } from "./document-namespaces.ts";
import type { DocumentRow, DocumentSet } from "./document-set.ts";
import { deleteDocuments, guardUnit, putDocuments, showDocument } from "./document-writes.ts";
import type { Handle } from "./handle.ts";

/** The document port over the shared memory. */
export function createDocumentStore(handle: Handle): DocumentStore {
  const { state } = handle;
  const { limits } = state.options;

  function getOne(address: DocumentAddress, now: number): Document | undefined {
    const { tenant, session: id } = address;
    const session = id === undefined ? undefined : state.session({ tenant, session: id }, now);
    const set = id === undefined ? state.tenants.get(tenant)?.documents : session?.documents;
    if (set === undefined) return undefined;
    const row = state.document(set, documentSortKey(address.namespace, address.key), now);
    return row && showDocument(row, session);
  }

  /** Lets a reader walk a set. What it meets and finds expired is gone for good, even if the clock goes back. */
  function readSet<Item>(
    scope: DocumentScope,
    read: (
      set: DocumentSet,
      isExpired: (row: DocumentRow) => boolean,
      show: (row: DocumentRow) => Document,
    ) => Page<Item>,
  ): Page<Item> {
    const now = state.now();
    const { tenant, session: id } = scope;
    const session = id === undefined ? undefined : state.session({ tenant, session: id }, now);
    const set = id === undefined ? state.tenants.get(tenant)?.documents : session?.documents;
    if (set === undefined) return { items: [] };
    const expired: DocumentRow[] = [];
    const page = read(
      set,
      (row) => row.expiresAt !== undefined && row.expiresAt <= now && expired.push(row) > 0,
      (row) => showDocument(row, session),
    );
    for (const row of expired) if (!row.ended) state.dropDocument(row);
    return page;
  }

  return {
    async get(address, options?: CallOptions) {
      handle.requireOpen();
      admitCall(options);
      return getOne(admitDocumentAddress(address, limits), state.now());
    },

    async getMany(addresses, options?: CallOptions) {
      handle.requireOpen();
      admitCall(options);
      const admitted = admitGetMany(addresses, limits);
      const now = state.now();
      return admitted.map((address) => getOne(address, now));
    },

    async put(address, input, options?: PutOptions) {
      handle.requireOpen();
      const [document] = putDocuments(state, admitPut(address, input, options, limits), false);
      return document as Document;
    },

    async putMany(writes, options: SessionGuard = {}) {
      handle.requireOpen();
      return putDocuments(state, admitPutMany(writes, options, limits), true);
    },

    async delete(address, options: DeleteDocumentOptions = {}) {
      handle.requireOpen();
      return deleteDocuments(state, admitDelete(address, options, limits), false) > 0;
    },

    async deleteMany(deletes, options: SessionGuard = {}) {
      handle.requireOpen();
      return deleteDocuments(state, admitDeleteMany(deletes, options, limits), true);
    },

    async touch(input, options) {
      handle.requireOpen();
      const { address, ttlMs, ...guard } = admitTouchDocument(input, options, limits);
      const now = state.now();
      const { session, set } = guardUnit(state, address, guard, now);
      const row = state.document(set, documentSortKey(address.namespace, address.key), now);
      if (row === undefined) return undefined;
      state.setDocumentExpiry(row, ttlMs === null ? undefined : now + ttlMs);
      return showDocument(row, session);
    },

    async find(scope, options?: FindOptions) {
      handle.requireOpen();
      const request = admitFind(scope, options, limits);
      return readSet(request.scope, (set, isExpired, show) => findDocuments(set, request, isExpired, show));
    },

    async namespaces(scope, options: NamespacesOptions = {}) {
      handle.requireOpen();
      const request = admitNamespaces(scope, options, limits);
      return readSet(request.scope, (set, isExpired) => listNamespaces(set, request, isExpired));
    },
  };
}
