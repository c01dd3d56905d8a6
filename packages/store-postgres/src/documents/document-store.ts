import type {
  CallOptions,
  DeleteDocumentOptions,
  Document,
  DocumentStore,
  FindOptions,
  NamespacesOptions,
  PutOptions,
  SessionGuard,
} from "@relevo/core";
import { admitCall, admitDocumentAddress } from "@relevo/core/input";
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
import type { StoreContext } from "../context.ts";
import { findDocuments } from "./find.ts";
import { getDocument, getDocuments } from "./get.ts";
import { listNamespaces } from "./namespaces.ts";
import { deleteDocuments, putDocuments, touchDocument } from "./writes.ts";

/** The document port over the tables `documents` and `document_tags`. Every call but a `find` is one round trip. */
export function createDocumentStore(context: StoreContext): DocumentStore {
  const { database } = context;
  const { limits } = database;
  return {
    async get(address, options: CallOptions = {}) {
      database.requireOpen();
      admitCall(options);
      return await getDocument(database, admitDocumentAddress(address, limits), options);
    },

    async getMany(addresses, options: CallOptions = {}) {
      database.requireOpen();
      admitCall(options);
      return await getDocuments(database, admitGetMany(addresses, options, limits).addresses, options);
    },

    async put(address, input, options: PutOptions = {}) {
      database.requireOpen();
      const request = admitPut(address, input, options, limits);
      const [document] = await putDocuments(context, request, false, options.signal);
      return document as Document;
    },

    async putMany(writes, options: SessionGuard = {}) {
      database.requireOpen();
      return await putDocuments(context, admitPutMany(writes, options, limits), true, options.signal);
    },

    async delete(address, options: DeleteDocumentOptions = {}) {
      database.requireOpen();
      const request = admitDelete(address, options, limits);
      return (await deleteDocuments(context, request, false, options.signal)) > 0;
    },

    async deleteMany(deletes, options: SessionGuard = {}) {
      database.requireOpen();
      return await deleteDocuments(context, admitDeleteMany(deletes, options, limits), true, options.signal);
    },

    async touch(input, options) {
      database.requireOpen();
      const { address, ttlMs, ...guard } = admitTouchDocument(input, options, limits);
      return await touchDocument(context, address, ttlMs, guard, options.signal);
    },

    async find(scope, options: FindOptions = {}) {
      database.requireOpen();
      return await findDocuments(database, admitFind(scope, options, limits), options);
    },

    async namespaces(scope, options: NamespacesOptions = {}) {
      database.requireOpen();
      return await listNamespaces(database, admitNamespaces(scope, options, limits), options);
    },
  };
}
