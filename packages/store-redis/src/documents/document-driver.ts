import type { Document } from "@relevo/core";
import { documentSortKey } from "@relevo/core/input";
import type {
  AdmittedDelete,
  AdmittedDocumentTouch,
  AdmittedGet,
  AdmittedPut,
  Answer,
  DocumentDriver,
} from "@relevo/core/store";
import { answerOf } from "../answers.ts";
import type { StoreContext } from "../context.ts";
import { seedOf } from "../log/seed.ts";
import * as scripts from "../scripts/scripts.generated.ts";
import { decodeDocument, documentOf, encodeDocument, encodeTags } from "./document-codec.ts";
import { type DocumentUnit, documentUnitOf, readDocuments, runOnUnit, stateOf } from "./document-unit.ts";
import { findDocuments } from "./find-documents.ts";
import { listNamespaces } from "./list-namespaces.ts";

/** The documents. Each write is one script on one unit. */
export function createDocumentDriver(context: StoreContext): DocumentDriver {
  return {
    get: (request) => get(context, request),
    put: (request) => put(context, request),
    delete: (request) => remove(context, request),
    touch: (request) => touch(context, request),
    find: (request) => findDocuments(context, request),
    namespaces: (request) => listNamespaces(context, request),
  };
}

async function put(context: StoreContext, request: AdmittedPut): Promise<Answer<readonly Document[]>> {
  const { scope, writes } = request;
  const [first] = writes;
  if (first === undefined) return { ok: [] };
  const signal = context.connection.scope(request.signal);
  await context.tenants.register(scope.tenant, signal);
  const unit = documentUnitOf(context, scope, first.address.namespace);
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
  const { putAlone, putInSession } = scripts;
  const answer = answerOf(
    await runOnUnit(context, unit, putAlone, putInSession, request, values, signal),
    ([, now, incarnation, sessionEnd, ...numbers]) => {
      const state = stateOf(sessionEnd, incarnation);
      return writes.map((write, index) => {
        const place = index * 3;
        const [version = 0, createdAt = 0, expiresAt = 0] = numbers.slice(place, place + 3).map(Number);
        const written = { version, createdAt, updatedAt: Number(now), expiresAt };
        return documentOf(write.address, write, written, state);
      });
    },
  );
  return answer.refused === undefined ? { ok: answer.ok ?? [] } : answer;
}

async function remove(context: StoreContext, request: AdmittedDelete): Promise<Answer<number>> {
  const [first] = request.deletes;
  if (first === undefined) return { ok: 0 };
  const unit = documentUnitOf(context, request.scope, first.address.namespace);
  const deletes = request.deletes.map(({ sortKey, expectedVersion }) => ({ key: sortKey, expectedVersion }));
  const { deleteAlone, deleteInSession } = scripts;
  const answer = answerOf(
    await runOnUnit(context, unit, deleteAlone, deleteInSession, request, { deletes }, request.signal),
    ([, count]) => Number(count),
  );
  return answer.refused === undefined ? { ok: answer.ok ?? 0 } : answer;
}

async function touch(
  context: StoreContext,
  request: AdmittedDocumentTouch,
): Promise<Answer<Document | undefined>> {
  const { address, ttlMs, signal } = request;
  const unit = documentUnitOf(context, address, address.namespace);
  const values = { key: documentSortKey(address.namespace, address.key), ttl: ttlMs ?? 0 };
  const { touchAlone, touchInSession } = scripts;
  return answerOf(
    await runOnUnit(context, unit, touchAlone, touchInSession, request, values, signal),
    ([, sessionEnd, incarnation, record]) => decodeDocument(String(record), stateOf(sessionEnd, incarnation)),
  );
}

/** One script for each unit, and so for each session and namespace. */
async function get(
  context: StoreContext,
  { addresses, signal }: AdmittedGet,
): Promise<Answer<readonly (Document | undefined)[]>> {
  const scope = context.connection.scope(signal);
  const units = new Map<
    string,
    { readonly unit: DocumentUnit; readonly places: number[]; readonly keys: string[] }
  >();
  for (const [place, address] of addresses.entries()) {
    const unit = documentUnitOf(context, address, address.namespace);
    const known = units.get(unit.keys.documents) ?? { unit, places: [], keys: [] };
    units.set(unit.keys.documents, known);
    known.places.push(place);
    known.keys.push(documentSortKey(address.namespace, address.key));
  }
  const found = new Array<Document | undefined>(addresses.length).fill(undefined);
  const answers = await Promise.all(
    [...units.values()].map(async ({ unit, places, keys }) => {
      const answer = await readDocuments(context, unit, keys, scope);
      for (const [index, place] of places.entries()) found[place] = answer.ok?.[index];
      return answer;
    }),
  );
  return answers.find(({ refused }) => refused !== undefined) ?? { ok: found };
}
