import type { Document, DocumentScope } from "@relevo/core";
import { conflict, tooLarge } from "@relevo/core/input";
import type { AdmittedDelete, AdmittedDocument, AdmittedGuard, AdmittedPut } from "@relevo/core/store";
import { requireIncarnation, requireUnsealed } from "./append.ts";
import { type DocumentRow, DocumentSet } from "./document-set.ts";
import type { Session, SessionTenant } from "./session.ts";
import type { StoreState } from "./store-state.ts";

/** What a write is about: the session, if it lives, and its documents, if there are any. */
interface Unit {
  readonly session: Session | undefined;
  readonly set: DocumentSet | undefined;
}

/** Finds the unit and checks what every write to it must pass. @throws `history-lost`; `conflict` */
export function guardUnit(state: StoreState, scope: DocumentScope, guard: AdmittedGuard, now: number): Unit {
  if (scope.session === undefined) {
    return { session: undefined, set: state.tenants.get(scope.tenant)?.documents };
  }
  const address = { tenant: scope.tenant, session: scope.session };
  const session = state.session(address, now);
  requireIncarnation(session, guard.incarnation);
  requireUnsealed(session);
  state.leases.requireFence(address, guard.fence);
  return { session, set: session?.documents };
}

/** Stores all or none, in one step. `many` adds to a refusal which part it was. */
export function putDocuments(state: StoreState, request: AdmittedPut, many: boolean): readonly Document[] {
  const now = state.now();
  const { scope, writes } = request;
  const unit = guardUnit(state, scope, request, now);
  const before = writes.map((write, index) => {
    const row = state.document(unit.set, write.sortKey, now);
    requireVersion(row, write.expectedVersion, many ? index : undefined);
    return row;
  });
  const charges = writes.map((write) =>
    state.documentCharge(write.bytes, write.metadata, write.sortKey, write.tags),
  );
  requireRoom(state, unit, scope, before, charges);

  const target = openTarget(state, unit, request, now);
  const documents = writes.map((write, index) => {
    const row = newRow(target, write, before[index]?.document.createdAt ?? now, charges[index] ?? 0, now);
    state.putDocument(row, now);
    return showDocument(row, target.session);
  });
  if (target.session === undefined) state.boundDocuments(now);
  else state.chargeSession(target.session, now);
  return documents;
}

/** Removes all or none, in one step. Returns how many there were. */
export function deleteDocuments(state: StoreState, request: AdmittedDelete, many: boolean): number {
  const now = state.now();
  const unit = guardUnit(state, request.scope, request, now);
  const rows = request.deletes.map(({ sortKey, expectedVersion }, index) => {
    const row = state.document(unit.set, sortKey, now);
    requireVersion(row, expectedVersion, many ? index : undefined);
    return row;
  });
  const found = rows.filter((row) => row !== undefined);
  for (const row of found) state.dropDocument(row);
  if (unit.session !== undefined) state.chargeSession(unit.session, now);
  return found.length;
}

/** The document as callers see it: one of a session never lives longer than the session, which may still change. */
export function showDocument(row: DocumentRow, session: Session | undefined): Document {
  const end = session?.expiresAt;
  if (end === undefined || (row.expiresAt !== undefined && row.expiresAt <= end)) return row.document;
  return Object.freeze({ ...row.document, expiresAt: end });
}

function requireVersion(
  row: DocumentRow | undefined,
  expected: number | undefined,
  index: number | undefined,
): void {
  const version = row?.document.version ?? 0;
  if (expected === undefined || expected === version) return;
  throw conflict("version", index === undefined ? { version } : { version, index });
}

/** @throws `too-large` when what is written would not fit, were it alone. */
function requireRoom(
  state: StoreState,
  unit: Unit,
  scope: DocumentScope,
  before: readonly (DocumentRow | undefined)[],
  charges: readonly number[],
): void {
  const added = charges.reduce((sum, charge) => sum + charge, 0);
  if (scope.session !== undefined) {
    const replaced = before.reduce((sum, row) => sum + (row?.charge ?? 0), 0);
    state.requireSessionFits(unit.session, added - replaced);
    return;
  }
  const { maxDocuments, maxDocumentBytes } = state.options;
  if (charges.length > maxDocuments) throw tooLarge("writes", "maxDocuments", maxDocuments, charges.length);
  if (added > maxDocumentBytes) throw tooLarge("writes", "maxDocumentBytes", maxDocumentBytes, added);
}

interface Target {
  readonly session: Session | undefined;
  readonly tenant: SessionTenant;
  readonly set: DocumentSet;
}

/** Where the documents go, made when it is not there yet. */
function openTarget(state: StoreState, unit: Unit, request: AdmittedPut, now: number): Target {
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

function newRow(
  { session, tenant, set }: Target,
  write: AdmittedDocument,
  createdAt: number,
  charge: number,
  now: number,
): DocumentRow {
  const expiresAt = write.ttlMs === undefined ? undefined : now + write.ttlMs;
  const document: Document = Object.freeze({
    namespace: write.address.namespace,
    key: write.address.key,
    value: write.value,
    version: ++tenant.documentVersion,
    tags: write.tags,
    metadata: write.metadata,
    createdAt,
    updatedAt: now,
    ...(expiresAt === undefined ? {} : { expiresAt }),
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
