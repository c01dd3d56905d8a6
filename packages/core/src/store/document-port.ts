import type { Limits } from "../limits.ts";
import type { Document, DocumentStore } from "../ports/document-store.ts";
import { refusalError } from "./answer.ts";
import {
  admitDelete,
  admitDeleteMany,
  admitFind,
  admitGet,
  admitGetMany,
  admitNamespaces,
  admitPut,
  admitPutMany,
  admitTouchDocument,
} from "./document-calls.ts";
import type { DocumentDriver } from "./driver.ts";
import { accept, acceptLater, isPending, pageOf, settle } from "./settle.ts";

const one = { many: false };
const several = { many: true };

type Documents = readonly (Document | undefined)[];

function first(documents: Documents): Document | undefined {
  return documents[0];
}

/** The document port over a driver. */
export function createDocumentPort(
  driver: DocumentDriver,
  limits: Limits,
  requireOpen: () => void,
): DocumentStore {
  return {
    async get(address, options) {
      requireOpen();
      const answer = driver.get(admitGet(address, options, limits));
      if (answer instanceof Promise) return acceptLater(answer).then(first);
      if (answer.refused !== undefined) throw refusalError(answer);
      return answer.ok === undefined ? acceptLater<Documents>(answer).then(first) : answer.ok[0];
    },

    async getMany(addresses, options) {
      requireOpen();
      const request = admitGetMany(addresses, options, limits);
      if (request.addresses.length === 0) return [];
      return settle(driver.get(request));
    },

    async put(address, input, options) {
      requireOpen();
      const answer = driver.put(admitPut(address, input, options, limits));
      if (isPending(answer)) return acceptLater(answer, one).then(first) as Promise<Document>;
      return accept(answer, one)[0] as Document;
    },

    async putMany(writes, options) {
      requireOpen();
      return settle(driver.put(admitPutMany(writes, options, limits)), several);
    },

    async delete(address, options) {
      requireOpen();
      const answer = driver.delete(admitDelete(address, options, limits));
      return (await settle(answer, one)) > 0;
    },

    async deleteMany(deletes, options) {
      requireOpen();
      return settle(driver.delete(admitDeleteMany(deletes, options, limits)), several);
    },

    async touch(address, options) {
      requireOpen();
      return settle(driver.touch(admitTouchDocument(address, options, limits)));
    },

    async find(scope, options) {
      requireOpen();
      const page = await settle(driver.find(admitFind(scope, options, limits)));
      return pageOf("documents", page, ({ namespace, key }) => [namespace, key]);
    },

    async namespaces(scope, options) {
      requireOpen();
      const page = await settle(driver.namespaces(admitNamespaces(scope, options, limits)));
      return pageOf("namespaces", page, (namespace) => [namespace]);
    },
  };
}
