import { maxPageSize } from "../input/numbers.ts";
import type { Limits } from "../limits.ts";
import type { Document, DocumentStore } from "../ports/document-store.ts";
import { refusalError } from "./answer.ts";
import { type Derivation, hasSources } from "./derivation.ts";
import {
  type AdmittedPut,
  admitDelete,
  admitDeleteMany,
  admitGet,
  admitGetMany,
  admitPut,
  admitPutMany,
  admitTouchDocument,
} from "./document-calls.ts";
import {
  type AdmittedCount,
  admitCount,
  admitFind,
  admitNamespaces,
  type DocumentPosition,
} from "./document-queries.ts";
import type { DocumentDriver } from "./driver.ts";
import { accept, acceptLater, isPending, pageOf, settle } from "./settle.ts";

type Documents = readonly (Document | undefined)[];

function first(documents: Documents): Document | undefined {
  return documents[0];
}

/** The document port over a driver. */
export function createDocumentPort(
  driver: DocumentDriver,
  limits: Limits,
  requireOpen: () => void,
  derivation: Derivation,
): DocumentStore {
  async function putSourced(request: AdmittedPut, many: boolean): Promise<readonly Document[]> {
    const sourced = await derivation.requireSources(request);
    const stored = await settle(driver.put(request), { many, operation: request.operation });
    await derivation.keepSourced(request, sourced, stored);
    return stored;
  }

  async function countFound({ scope, namespace, namespacePrefix, signal }: AdmittedCount): Promise<number> {
    const place = namespace === undefined ? { namespacePrefix } : { namespace };
    let count = 0;
    for (let after: DocumentPosition | undefined, more = true; more; more = after !== undefined) {
      const query = admitFind(scope, { ...place, limit: maxPageSize, signal }, limits);
      const page = await settle(driver.find({ ...query, after }));
      count += page.items.length;
      after = page.next;
    }
    return count;
  }

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
      const request = admitPut(address, input, options, limits);
      if (hasSources(request)) return (await putSourced(request, false))[0] as Document;
      const answer = driver.put(request);
      if (isPending(answer)) return acceptLater(answer, request).then(first) as Promise<Document>;
      return accept(answer, request)[0] as Document;
    },

    async putMany(writes, options) {
      requireOpen();
      const request = admitPutMany(writes, options, limits);
      if (hasSources(request)) return putSourced(request, true);
      return settle(driver.put(request), { many: true, operation: request.operation });
    },

    async delete(address, options) {
      requireOpen();
      const request = admitDelete(address, options, limits);
      const answer = await driver.delete(request);
      const removed = accept<number>(answer, request);
      if (answer.derived !== false) await derivation.followDelete(request);
      return removed > 0;
    },

    async deleteMany(deletes, options) {
      requireOpen();
      const request = admitDeleteMany(deletes, options, limits);
      const answer = await driver.delete(request);
      const removed = accept<number>(answer, { many: true, operation: request.operation });
      if (answer.derived !== false) await derivation.followDelete(request);
      return removed;
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

    async count(scope, options) {
      requireOpen();
      const request = admitCount(scope, options, limits);
      return driver.count === undefined ? countFound(request) : settle(driver.count(request));
    },

    async namespaces(scope, options) {
      requireOpen();
      const page = await settle(driver.namespaces(admitNamespaces(scope, options, limits)));
      return pageOf("namespaces", page, (namespace) => [namespace]);
    },
  };
}
