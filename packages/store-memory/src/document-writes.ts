import { type Document, type DocumentScope, unitOf } from "@relevo/core";
import {
  type AdmittedDelete,
  type AdmittedDocument,
  type AdmittedGuard,
  type AdmittedPut,
  type Answer,
  type Refusal,
  recordPut,
  replayDelete,
  replayPut,
} from "@relevo/core/store";
import { ledgerOf } from "./document-ledger.ts";
import { type DocumentRow, DocumentSet } from "./document-set.ts";
import { refuseIncarnation, sealed } from "./refusals.ts";
import type { Session, SessionTenant } from "./session.ts";
import type { StoreState } from "./store-state.ts";

/** What a write is about: the session, if it lives, and its documents, if there are any. */
interface Unit {
  readonly session: Session | undefined;
  readonly set: DocumentSet | undefined;
}

/** The unit, or why it cannot be the one that is meant. */
function findUnit(
  state: StoreState,
  scope: DocumentScope,
  incarnation: string | undefined,
  now: number,
): Unit | Refusal {
  if (scope.session === undefined) {
    return { session: undefined, set: state.tenants.get(scope.tenant)?.documents };
  }
  const address = { tenant: scope.tenant, session: scope.session };
  const session = state.session(address, now);
  return refuseIncarnation(state, address, session, incarnation) ?? { session, set: session?.documents };
}

/** Why nothing may be written to the unit now. */
function refuseWrite(
  state: StoreState,
  { tenant, session: id }: DocumentScope,
  session: Session | undefined,
  fence: number | undefined,
): Refusal | undefined {
  if (id === undefined) return undefined;
  if (session?.sealed === true) return sealed;
  return state.leases.refuseFence({ tenant, session: id }, fence);
}

/** The unit, or why a write to it is refused. */
export function openUnit(
  state: StoreState,
  scope: DocumentScope,
  guard: AdmittedGuard,
  now: number,
): Unit | Refusal {
  const unit = findUnit(state, scope, guard.incarnation, now);
  if ("refused" in unit) return unit;
  return refuseWrite(state, scope, unit.session, guard.fence) ?? unit;
}

/** Stores all or none, in one step. */
export function putDocuments(state: StoreState, request: AdmittedPut): Answer<readonly Document[]> {
  const now = state.now();
  const { scope, writes, operation } = request;
  const unit = findUnit(state, scope, request.incarnation, now);
  if ("refused" in unit) return unit;
  const ledger = operation && ledgerOf(state, unitOf(firstOf(writes).address), unit.session);
  const known = operation && ledger?.get(operation.id, now);
  if (known === "ended") return { refused: "ended" };
  if (known !== undefined) return replayPut(request, known);
  const refusal = refuseWrite(state, scope, unit.session, request.fence);
  if (refusal !== undefined) return refusal;
  const before = rowsOf(state, unit, writes, now);
  if (!Array.isArray(before)) return before;
  const charges = writes.map((write) => chargeOf(state, write));
  const tooLarge = refuseSize(state, unit, scope, before, charges);
  if (tooLarge !== undefined) return tooLarge;

  const target = openTarget(state, unit, request, now);
  const documents = writes.map((write, index) => {
    const given = {
      version: ++target.tenant.documentVersion,
      createdAt: before[index]?.document.createdAt ?? now,
      updatedAt: now,
      expiresAt: write.ttlMs === undefined ? undefined : now + write.ttlMs,
    };
    const row = newRow(target, write, given, charges[index] ?? 0);
    state.putDocument(row, now);
    return showDocument(row, target.session);
  });
  if (operation !== undefined) {
    const record = recordPut(operation.fingerprint, documents);
    ledgerOf(state, unitOf(firstOf(writes).address), target.session).add(operation.id, record, now);
  }
  if (target.session === undefined) state.boundDocuments(now);
  else state.chargeSession(target.session, now);
  return { ok: documents };
}

/** Removes all or none, in one step. Answers how many there were. */
export function deleteDocuments(state: StoreState, request: AdmittedDelete): Answer<number> {
  const now = state.now();
  const { scope, deletes, operation } = request;
  const unit = findUnit(state, scope, request.incarnation, now);
  if ("refused" in unit) return unit;
  const ledger = operation && ledgerOf(state, unitOf(firstOf(deletes).address), unit.session);
  const known = operation && ledger?.get(operation.id, now);
  if (known === "ended") return { refused: "ended" };
  if (known !== undefined) return replayDelete(request, known);
  const refusal = refuseWrite(state, scope, unit.session, request.fence);
  if (refusal !== undefined) return refusal;
  const rows = rowsOf(state, unit, deletes, now);
  if (!Array.isArray(rows)) return rows;
  let removed = 0;
  for (const row of rows) {
    if (row === undefined) continue;
    state.dropDocument(row);
    removed++;
  }
  if (operation !== undefined)
    ledger?.add(operation.id, { fingerprint: operation.fingerprint, deleted: removed }, now);
  if (unit.session !== undefined) state.chargeSession(unit.session, now);
  return { ok: removed };
}

/** The document as callers see it: one of a session never lives longer than the session, which may still change. */
export function showDocument(row: DocumentRow, session: Session | undefined): Document {
  const end = session?.expiresAt;
  if (end === undefined || (row.expiresAt !== undefined && row.expiresAt <= end)) return row.document;
  return Object.freeze({ ...row.document, expiresAt: end });
}

/** The rows that are to be written, or the first whose version is another than its writer expected. */
function rowsOf(
  state: StoreState,
  unit: Unit,
  writes: readonly { readonly sortKey: string; readonly expectedVersion: number | undefined }[],
  now: number,
): (DocumentRow | undefined)[] | Refusal {
  const rows: (DocumentRow | undefined)[] = [];
  for (const [index, { sortKey, expectedVersion: expected }] of writes.entries()) {
    const row = state.document(unit.set, sortKey, now);
    const current = row?.document.version ?? 0;
    if (expected !== undefined && expected !== current) return { refused: "version", current, index };
    rows.push(row);
  }
  return rows;
}

/** What a document counts for against a bound. */
export function chargeOf(
  state: StoreState,
  { bytes, metadata, sortKey, tags }: Pick<AdmittedDocument, "bytes" | "metadata" | "sortKey" | "tags">,
): number {
  return state.documentCharge(bytes, metadata, sortKey, tags);
}

/** Refuses what would not fit, were it alone. */
export function refuseSize(
  state: StoreState,
  unit: Unit,
  scope: DocumentScope,
  before: readonly (DocumentRow | undefined)[],
  charges: readonly number[],
): Refusal | undefined {
  const added = charges.reduce((sum, charge) => sum + charge, 0);
  if (scope.session !== undefined) {
    const replaced = before.reduce((sum, row) => sum + (row?.charge ?? 0), 0);
    return state.refuseGrowth(unit.session, added - replaced);
  }
  const { maxDocuments, maxDocumentBytes } = state.options;
  const refuse = (limit: string, maximum: number, actual: number): Refusal | undefined =>
    actual > maximum ? { refused: "too-large", field: "writes", limit, maximum, actual } : undefined;
  return (
    refuse("maxDocuments", maxDocuments, charges.length) ??
    refuse("maxDocumentBytes", maxDocumentBytes, added)
  );
}

/** What the store gives a document, or an import brings. */
interface GivenFields extends Pick<Document, "version" | "createdAt" | "updatedAt"> {
  readonly expiresAt: number | undefined;
}

interface Target {
  readonly session: Session | undefined;
  readonly tenant: SessionTenant;
  readonly set: DocumentSet;
}

/** Where the documents go, made when it is not there yet. */
export function openTarget(
  state: StoreState,
  unit: Unit,
  request: Pick<AdmittedPut, "scope" | "subject" | "metadata">,
  now: number,
): Target {
  const { tenant: tenantId, session: id } = request.scope;
  if (id === undefined) {
    const tenant = state.tenantFor(tenantId);
    return { session: undefined, tenant, set: tenant.documents };
  }
  const session =
    unit.session ??
    state.createSession(
      { tenant: tenantId, session: id },
      {
        incarnation: state.options.ids.next(),
        subject: request.subject,
        metadata: request.metadata,
        ttlMs: state.options.ttlMs,
      },
      now,
    );
  session.documents ??= new DocumentSet(tenantId, id);
  return { session, tenant: session.tenant, set: session.documents };
}

export function newRow(
  { session, set }: Target,
  write: Pick<AdmittedDocument, "address" | "sortKey" | "value" | "tags" | "metadata" | "derivedFrom">,
  { version, createdAt, updatedAt, expiresAt }: GivenFields,
  charge: number,
): DocumentRow {
  const document: Document = Object.freeze({
    namespace: write.address.namespace,
    key: write.address.key,
    value: write.value,
    version,
    tags: write.tags,
    metadata: write.metadata,
    createdAt,
    updatedAt,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(write.derivedFrom === undefined ? {} : { derivedFrom: write.derivedFrom }),
    ...(session === undefined ? {} : { incarnation: session.incarnation }),
  });
  return {
    kind: "document",
    set,
    sortKey: write.sortKey,
    document,
    charge,
    expiresAt,
    queuedAt: undefined,
    ended: false,
  };
}

/** Admission lets no empty batch through. */
function firstOf<Entry>(entries: readonly Entry[]): Entry {
  return entries[0] as Entry;
}
