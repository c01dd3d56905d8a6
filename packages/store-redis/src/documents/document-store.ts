import type {
  CallOptions,
  DeleteDocumentOptions,
  Document,
  DocumentAddress,
  DocumentStore,
  FindOptions,
  NamespacesOptions,
  PutOptions,
  SessionGuard,
} from "@relevo/core";
import { admitCall, admitDocumentAddress, conflict, documentSortKey } from "@relevo/core/input";
import {
  type AdmittedDelete,
  type AdmittedPut,
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
import { seedOf } from "../log/seed.ts";
import { type Answer, requireDone } from "../log/status.ts";
import * as scripts from "../scripts/scripts.generated.ts";
import { decodeDocument, documentOf, encodeDocument, encodeTags } from "./document-codec.ts";
import { type DocumentUnit, readDocuments, runOnUnit, stateOf, unitOf } from "./document-unit.ts";
import { findDocuments } from "./find-documents.ts";
import { listNamespaces } from "./list-namespaces.ts";

/** The document port. Each write is one script on one unit. */
export function createDocumentStore(context: StoreContext): DocumentStore {
  const { connection, limits } = context;

  async function put(
    request: AdmittedPut,
    many: boolean,
    options: CallOptions,
  ): Promise<readonly Document[]> {
    const { scope, writes } = request;
    const [first] = writes;
    if (first === undefined) return [];
    const signal = connection.scope(options.signal);
    await context.tenants.register(scope.tenant, signal);
    const unit = unitOf(context, scope, first.address.namespace);
    const values = {
      ...seedOf(context, scope.session ?? "", request),
      writes: writes.map((write) => ({
        key: write.sortKey,
        expectedVersion: write.expectedVersion,
        ttl: write.ttlMs ?? 0,
        tags: encodeTags(write.tags),
        json: encodeDocument(write),
      })),
    };
    const answer = requireWritten(
      await runOnUnit(context, unit, scripts.putAlone, scripts.putInSession, request, values, signal),
      many,
    );
    const [, now, incarnation, sessionEnd, ...numbers] = answer as readonly unknown[];
    const state = stateOf(sessionEnd, incarnation);
    return writes.map((write, index) => {
      const [version = 0, createdAt = 0, expiresAt = 0] = numbers.slice(index * 3, index * 3 + 3).map(Number);
      return documentOf(
        write.address,
        write,
        { version, createdAt, updatedAt: Number(now), expiresAt },
        state,
      );
    });
  }

  async function remove(request: AdmittedDelete, { signal }: CallOptions, many: boolean): Promise<number> {
    const [first] = request.deletes;
    if (first === undefined) return 0;
    const unit = unitOf(context, request.scope, first.address.namespace);
    const deletes = request.deletes.map(({ sortKey, expectedVersion }) => ({
      key: sortKey,
      expectedVersion,
    }));
    const { deleteAlone, deleteInSession } = scripts;
    const answer = await runOnUnit(context, unit, deleteAlone, deleteInSession, request, { deletes }, signal);
    return Number(requireWritten(answer, many)[1]);
  }

  return {
    async get(address, options: CallOptions = {}) {
      connection.requireOpen();
      admitCall(options);
      const admitted = admitDocumentAddress(address, limits);
      const unit = unitOf(context, admitted, admitted.namespace);
      const sortKey = documentSortKey(admitted.namespace, admitted.key);
      return (await readDocuments(context, unit, [sortKey], connection.scope(options.signal)))[0];
    },

    async getMany(addresses, options: CallOptions = {}) {
      connection.requireOpen();
      admitCall(options);
      return await getMany(
        context,
        admitGetMany(addresses, options, limits).addresses,
        connection.scope(options.signal),
      );
    },

    async put(address, input, options: PutOptions = {}) {
      connection.requireOpen();
      const [document] = await put(admitPut(address, input, options, limits), false, options);
      return document as Document;
    },

    async putMany(writes, options: SessionGuard = {}) {
      connection.requireOpen();
      return await put(admitPutMany(writes, options, limits), true, options);
    },

    async delete(address, options: DeleteDocumentOptions = {}) {
      connection.requireOpen();
      return (await remove(admitDelete(address, options, limits), options, false)) > 0;
    },

    async deleteMany(deletes, options: SessionGuard = {}) {
      connection.requireOpen();
      return await remove(admitDeleteMany(deletes, options, limits), options, true);
    },

    async touch(input, options) {
      connection.requireOpen();
      const { address, ttlMs, ...guard } = admitTouchDocument(input, options, limits);
      const unit = unitOf(context, address, address.namespace);
      const values = { key: documentSortKey(address.namespace, address.key), ttl: ttlMs ?? 0 };
      const { touchAlone, touchInSession } = scripts;
      const answer = requireDone(
        await runOnUnit(context, unit, touchAlone, touchInSession, guard, values, options.signal),
      );
      if (answer[0] === "none") return undefined;
      const [, sessionEnd, incarnation, record] = answer;
      return decodeDocument(String(record), stateOf(sessionEnd, incarnation));
    },

    async find(scope, options: FindOptions = {}) {
      connection.requireOpen();
      const request = admitFind(scope, options, limits);
      return await findDocuments(context, request, connection.scope(options.signal));
    },

    async namespaces(scope, options: NamespacesOptions = {}) {
      connection.requireOpen();
      const request = admitNamespaces(scope, options, limits);
      return await listNamespaces(context, request, connection.scope(options.signal));
    },
  };
}

/** @throws `conflict` for a stale version; `many` adds which part it was. */
function requireWritten(answer: Answer, many: boolean): Answer {
  if (answer[0] === "stale") {
    const version = Number(answer[1]);
    throw conflict("version", many ? { version, index: Number(answer[2]) } : { version });
  }
  return requireDone(answer);
}

/** One script for each unit, and so for each session and namespace. */
async function getMany(
  context: StoreContext,
  addresses: readonly DocumentAddress[],
  signal: AbortSignal | undefined,
): Promise<readonly (Document | undefined)[]> {
  const units = new Map<
    string,
    { readonly unit: DocumentUnit; readonly places: number[]; readonly keys: string[] }
  >();
  for (const [place, address] of addresses.entries()) {
    const unit = unitOf(context, address, address.namespace);
    const known = units.get(unit.keys.documents) ?? { unit, places: [], keys: [] };
    units.set(unit.keys.documents, known);
    known.places.push(place);
    known.keys.push(documentSortKey(address.namespace, address.key));
  }
  const found = new Array<Document | undefined>(addresses.length).fill(undefined);
  await Promise.all(
    [...units.values()].map(async ({ unit, places, keys }) => {
      const documents = await readDocuments(context, unit, keys, signal);
      for (const [index, place] of places.entries()) found[place] = documents[index];
    }),
  );
  return found;
}
