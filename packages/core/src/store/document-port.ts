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
import { accept, isPromise, pageOf } from "./settle.ts";

const one = { many: false };
const several = { many: true };

/** The document port over a driver. */
export function createDocumentPort(
  driver: DocumentDriver,
  limits: Limits,
  requireOpen: () => void,
): DocumentStore {
  return {
    async get(address, options) {
      requireOpen();
      const pending = driver.get(admitGet(address, options, limits));
      const answer = pending instanceof Promise ? await pending : pending;
      if (answer.refused !== undefined) throw refusalError(answer);
      return answer.ok[0];
    },

    async getMany(addresses, options) {
      requireOpen();
      const request = admitGetMany(addresses, options, limits);
      if (request.addresses.length === 0) return [];
      const answer = driver.get(request);
      return accept(isPromise(answer) ? await answer : answer);
    },

    async put(address, input, options) {
      requireOpen();
      const answer = driver.put(admitPut(address, input, options, limits));
      return accept(isPromise(answer) ? await answer : answer, one)[0] as Document;
    },

    async putMany(writes, options) {
      requireOpen();
      const answer = driver.put(admitPutMany(writes, options, limits));
      return accept(isPromise(answer) ? await answer : answer, several);
    },

    async delete(address, options) {
      requireOpen();
      const answer = driver.delete(admitDelete(address, options, limits));
      return accept(isPromise(answer) ? await answer : answer, one) > 0;
    },

    async deleteMany(deletes, options) {
      requireOpen();
      const answer = driver.delete(admitDeleteMany(deletes, options, limits));
      return accept(isPromise(answer) ? await answer : answer, several);
    },

    async touch(address, options) {
      requireOpen();
      const answer = driver.touch(admitTouchDocument(address, options, limits));
      return accept(isPromise(answer) ? await answer : answer);
    },

    async find(scope, options) {
      requireOpen();
      const answer = driver.find(admitFind(scope, options, limits));
      const page = accept(isPromise(answer) ? await answer : answer);
      return pageOf("documents", page, ({ namespace, key }) => [namespace, key]);
    },

    async namespaces(scope, options) {
      requireOpen();
      const answer = driver.namespaces(admitNamespaces(scope, options, limits));
      const page = accept(isPromise(answer) ? await answer : answer);
      return pageOf("namespaces", page, (namespace) => [namespace]);
    },
  };
}
