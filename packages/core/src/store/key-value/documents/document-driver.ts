import { documentSortKey } from "../../../order.ts";
import type { Document } from "../../../ports/document-store.ts";
import type { Answer } from "../../answer.ts";
import type {
  AdmittedDelete,
  AdmittedDocumentTouch,
  AdmittedGet,
  AdmittedPut,
} from "../../document-calls.ts";
import {
  type DocumentOperationRecord,
  recordPut,
  replayDelete,
  replayPut,
} from "../../document-operation.ts";
import type { DocumentDriver } from "../../driver.ts";
import type { DriverContext } from "../context.ts";
import { documentKeys, tenantKeys } from "../layout.ts";
import { slotOf } from "../log/log-snapshot.ts";
import { timeOf } from "../space/failures.ts";
import { readRecords } from "../space/records.ts";
import { staleRead } from "../space/transaction.ts";
import { liveState } from "../unit/session-slot.ts";
import { type DocumentUnit, writeDocuments } from "./document-unit.ts";
import { eraseDerived } from "./erase-derived.ts";
import { findDocuments } from "./find-documents.ts";
import { listNamespaces } from "./list-namespaces.ts";
import {
  type DocumentRecord,
  liveDocument,
  removeDocument,
  type StoredDocument,
  showDocument,
  writeDocument,
} from "./stored-document.ts";

export function createDocumentDriver(context: DriverContext): DocumentDriver {
  return {
    get: (request) => getDocuments(context, request),
    put: (request) => putDocuments(context, request),
    delete: (request) => deleteDocuments(context, request),
    touch: (request) => touchDocument(context, request),
    eraseDerived: (request) => eraseDerived(context, request),
    find: (request) => findDocuments(context, request),
    namespaces: (request) => listNamespaces(context, request),
  };
}

/** All in one read of the space, together with the sessions that they belong to. */
async function getDocuments(
  { space }: DriverContext,
  { addresses, signal }: AdmittedGet,
): Promise<Answer<readonly (Document | undefined)[]>> {
  const tenant = addresses[0]?.tenant;
  if (tenant === undefined) return { ok: [] };
  const sessions = [...new Set(addresses.flatMap(({ session }) => session ?? []))];
  const slotKeys = sessions.map((session) => tenantKeys.session(tenant, session));
  let known = sessions.length === 0 ? [] : (await readRecords(space, slotKeys, [], { signal })).records;
  const now = await timeOf(space);
  for (;;) {
    const generations = new Map(
      sessions.map((session, index) => [session, slotOf(known[index])?.live?.generation]),
    );
    const keys = addresses.map(({ session, namespace, key }) =>
      documentKeys(tenant, session === undefined ? undefined : (generations.get(session) ?? "")).document(
        documentSortKey(namespace, key),
      ),
    );
    const { records } = await readRecords(space, [...slotKeys, ...keys], [], { signal });
    const slots = records.slice(0, sessions.length);
    const isSame = slots.every(
      (slot, index) => slotOf(slot)?.live?.generation === generations.get(sessions[index] ?? ""),
    );
    known = slots;
    if (!isSame) continue;
    const lives = new Map(sessions.map((session, index) => [session, liveState(slotOf(slots[index]), now)]));
    const ok = addresses.map(({ session }, index) => {
      const live = session === undefined ? undefined : lives.get(session);
      if (session !== undefined && live === undefined) return undefined;
      const document = liveDocument(records[sessions.length + index] as DocumentRecord | undefined, now);
      return document && showDocument(document, live);
    });
    return { ok };
  }
}

async function readUnit(
  unit: DocumentUnit,
  sortKeys: readonly string[],
): Promise<readonly (DocumentRecord | undefined)[]> {
  const { records } = await unit.transaction.read(sortKeys.map((sortKey) => unit.keys.document(sortKey)));
  return records as readonly (DocumentRecord | undefined)[];
}

/** The first write that expects another version than there is. */
function refuseVersions(
  writes: readonly { readonly expectedVersion: number | undefined }[],
  present: readonly (StoredDocument | undefined)[],
): Answer<never> | undefined {
  for (const [index, { expectedVersion }] of writes.entries()) {
    const current = present[index]?.version ?? 0;
    if (expectedVersion !== undefined && expectedVersion !== current)
      return { refused: "version", current, index };
  }
  return undefined;
}

function putDocuments(context: DriverContext, request: AdmittedPut): Promise<Answer<readonly Document[]>> {
  const { writes, operation } = request;
  const namespace = writes[0]?.address.namespace ?? [];
  const replay = (known: DocumentOperationRecord): Answer<readonly Document[]> => replayPut(request, known);
  return writeDocuments(context, { ...request, namespace }, { creates: true, replay }, async (unit) => {
    // Never: the session is made when it is not there.
    if (unit === undefined) throw staleRead;
    const { transaction, live } = unit;
    const { now } = transaction;
    const found = await readUnit(
      unit,
      writes.map(({ sortKey }) => sortKey),
    );
    const present = found.map((record) => liveDocument(record, now));
    const refused = refuseVersions(writes, present);
    if (refused !== undefined) return refused;
    let { version } = unit;
    const ok = writes.map((write, index) => {
      const document: StoredDocument = {
        namespace: write.address.namespace,
        key: write.address.key,
        value: write.value,
        version: ++version,
        tags: write.tags,
        metadata: write.metadata,
        ...(write.derivedFrom === undefined ? {} : { derivedFrom: write.derivedFrom }),
        createdAt: present[index]?.createdAt ?? now,
        updatedAt: now,
        ...(write.ttlMs === undefined ? {} : { expiresAt: now + write.ttlMs }),
      };
      writeDocument(transaction, unit.keys, unit.place, document, found[index]);
      return showDocument(document, live);
    });
    if (operation !== undefined) unit.remember(recordPut(operation.fingerprint, ok));
    unit.save(version, found.filter((record) => record === undefined).length);
    return { ok };
  });
}

function deleteDocuments(context: DriverContext, request: AdmittedDelete): Promise<Answer<number>> {
  const { deletes, operation } = request;
  const namespace = deletes[0]?.address.namespace ?? [];
  const replay = (known: DocumentOperationRecord): Answer<number> => replayDelete(request, known);
  return writeDocuments(context, { ...request, namespace }, { replay }, async (unit) => {
    const sortKeys = deletes.map(({ sortKey }) => sortKey);
    const found = unit === undefined ? [] : await readUnit(unit, sortKeys);
    const present = found.map((record) => liveDocument(record, unit?.transaction.now ?? 0));
    const refused = refuseVersions(deletes, present);
    if (refused !== undefined) return refused;
    const there = found.filter((record) => record !== undefined);
    const deleted = present.filter((document) => document !== undefined).length;
    if (unit !== undefined && (there.length > 0 || operation !== undefined)) {
      for (const record of there) removeDocument(unit.transaction, unit.keys, unit.place, record);
      if (operation !== undefined) unit.remember({ fingerprint: operation.fingerprint, deleted });
      unit.save(unit.version, -there.length);
    }
    return { ok: deleted };
  });
}

function touchDocument(
  context: DriverContext,
  request: AdmittedDocumentTouch,
): Promise<Answer<Document | undefined>> {
  const { namespace, key, tenant, session } = request.address;
  const scope = session === undefined ? { tenant } : { tenant, session };
  return writeDocuments<Document | undefined>(context, { ...request, scope, namespace }, {}, async (unit) => {
    if (unit === undefined) return { ok: undefined };
    const [found] = await readUnit(unit, [documentSortKey(namespace, key)]);
    const { now } = unit.transaction;
    const document = liveDocument(found, now);
    if (document === undefined) return { ok: undefined };
    const { expiresAt: _before, ...rest } = document;
    const touched = request.ttlMs === null ? rest : { ...rest, expiresAt: now + request.ttlMs };
    writeDocument(unit.transaction, unit.keys, unit.place, touched, found);
    unit.save(unit.version, 0);
    return { ok: showDocument(touched, unit.live) };
  });
}
