import type { Document } from "@relevo/core";
import { documentSortKey } from "@relevo/core/input";
import {
  type AdmittedDelete,
  type AdmittedDocumentTouch,
  type AdmittedGet,
  type AdmittedPut,
  type Answer,
  type DocumentDriver,
  type DocumentOperationRecord,
  type RecordedWrite,
  replayDelete,
  replayPut,
} from "@relevo/core/store";
import { answerOf, corruptHead, replyOf } from "../answers.ts";
import type { StoreContext } from "../context.ts";
import { decodeText } from "../log/head-codec.ts";
import { seedOf } from "../log/seed.ts";
import * as scripts from "../scripts/scripts.generated.ts";
import { countDocuments } from "./count-documents.ts";
import { decodeDocument, documentOf, encodeDocument, encodeTags, endOf } from "./document-codec.ts";
import { encodeSources } from "./document-sources.ts";
import {
  type DocumentUnit,
  documentUnitOf,
  operationValues,
  readDocuments,
  runOnUnit,
  stateOf,
} from "./document-unit.ts";
import { eraseDerived } from "./erase-derived.ts";
import { findDocuments } from "./find-documents.ts";
import { listNamespaces } from "./list-namespaces.ts";

/** The documents. Each write is one script on one unit. */
export function createDocumentDriver(context: StoreContext): DocumentDriver {
  return {
    get: (request) => get(context, request),
    put: (request) => put(context, request),
    delete: (request) => remove(context, request),
    touch: (request) => touch(context, request),
    eraseDerived: (request) => eraseDerived(context, request),
    find: (request) => findDocuments(context, request),
    count: (request) => countDocuments(context, request),
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
    ...operationValues(request.operation),
    writes: writes.map((write) => ({
      key: write.sortKey,
      expectedVersion: write.expectedVersion,
      ttl: write.ttlMs ?? 0,
      tags: encodeTags(write.tags) + encodeSources(write.derivedFrom),
      json: encodeDocument(write),
    })),
  };
  const { putAlone, putInSession } = scripts;
  const isSourced = writes.some(({ derivedFrom }) => derivedFrom !== undefined);
  const settings = { signal, repeatable: request.operation !== undefined, isSourced };
  const raw = await runOnUnit(context, unit, putAlone, putInSession, request, values, settings);
  const replayed = replayedOf(raw);
  if (replayed !== undefined) return replayPut(request, replayed);
  const answer = answerOf(raw, ([, now, incarnation, sessionEnd, ...numbers]) => {
    const state = stateOf(sessionEnd, incarnation);
    return writes.map((write, index) => {
      const place = index * 3;
      const [version = 0, createdAt = 0, expiresAt = 0] = numbers.slice(place, place + 3).map(Number);
      const written = { version, createdAt, updatedAt: Number(now), expiresAt };
      return documentOf(write.address, write, written, state);
    });
  });
  return answer.refused === undefined ? { ok: answer.ok ?? [] } : answer;
}

async function remove(context: StoreContext, request: AdmittedDelete): Promise<Answer<number>> {
  const [first] = request.deletes;
  if (first === undefined) return { ok: 0 };
  const unit = documentUnitOf(context, request.scope, first.address.namespace);
  const deletes = request.deletes.map(({ sortKey, expectedVersion }) => ({ key: sortKey, expectedVersion }));
  const values = { deletes, ...operationValues(request.operation) };
  const settings = { signal: request.signal, repeatable: request.operation !== undefined };
  const { deleteAlone, deleteInSession } = scripts;
  const raw = await runOnUnit(context, unit, deleteAlone, deleteInSession, request, values, settings);
  const replayed = replayedOf(raw);
  if (replayed !== undefined) return replayDelete(request, replayed);
  const answer = answerOf(raw, ([, count]) => Number(count));
  return answer.refused === undefined ? { ok: answer.ok ?? 0 } : answer;
}

/** What is recorded of an operation that was done before; `undefined` for any other reply. @throws `corrupt` */
function replayedOf(raw: unknown): DocumentOperationRecord | undefined {
  const [status, fingerprint, written, incarnation] = replyOf(raw);
  if (status !== "replayed") return undefined;
  const [kind, ...texts] = String(written).split(",");
  const numbers = texts.map(Number);
  const [first = 0, sessionEnd = 0] = numbers;
  const known = { fingerprint: decodeText(String(fingerprint)) };
  if (!numbers.every(Number.isSafeInteger)) throw corruptHead();
  if (kind === "deleted") return { ...known, deleted: first };
  if (kind !== "put" || numbers.length < 5 || numbers.length % 3 !== 2) throw corruptHead();
  const writes: RecordedWrite[] = [];
  for (let place = 2; place < numbers.length; place += 3) {
    const [version = 0, createdAt = 0, expires = 0] = numbers.slice(place, place + 3);
    const expiresAt = endOf(expires, sessionEnd);
    writes.push({
      version,
      createdAt,
      updatedAt: first,
      ...(expiresAt === undefined ? {} : { expiresAt }),
    });
  }
  return incarnation === ""
    ? { ...known, writes }
    : { ...known, writes, incarnation: decodeText(String(incarnation)) };
}

async function touch(
  context: StoreContext,
  request: AdmittedDocumentTouch,
): Promise<Answer<Document | undefined>> {
  const { address, ttlMs, signal } = request;
  const unit = documentUnitOf(context, address, address.namespace);
  const key = documentSortKey(address.namespace, address.key);
  const values = { key, ttl: ttlMs ?? 0, ...operationValues(undefined) };
  const { touchAlone, touchInSession } = scripts;
  return answerOf(
    await runOnUnit(context, unit, touchAlone, touchInSession, request, values, { signal }),
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
