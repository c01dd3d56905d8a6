import type { TransferredDocument } from "@relevo/core";
import { documentSortKey } from "@relevo/core/input";
import type {
  AdmittedDocumentImport,
  AdmittedExportDocuments,
  AdmittedRestore,
  Answer,
  DocumentPosition,
  DriverDocuments,
} from "@relevo/core/store";
import type { DocumentRow } from "./document-set.ts";
import { chargeOf, newRow, openTarget, refuseSize } from "./document-writes.ts";
import { absent } from "./refusals.ts";
import type { StoreState } from "./store-state.ts";

/** How many expired documents one page of an export passes over. */
const lookBudget = 10_000;

export function exportDocuments(
  state: StoreState,
  { scope: { tenant: id, session: sessionId }, limit, after }: AdmittedExportDocuments,
): Answer<DriverDocuments | undefined> {
  const now = state.now();
  const session =
    sessionId === undefined ? undefined : state.session({ tenant: id, session: sessionId }, now);
  if (sessionId !== undefined && session === undefined)
    return absent(state, { tenant: id, session: sessionId });
  const tenant = state.tenants.get(id);
  const set = session === undefined ? tenant?.documents : session.documents;
  const documents: TransferredDocument[] = [];
  const expired: DocumentRow[] = [];
  let bytes = 0;
  let position: DocumentPosition | undefined;
  let next: DocumentPosition | undefined;
  const start = after && documentSortKey(after.namespace, after.key);
  for (const sortKey of set?.order.ascending(start, false) ?? []) {
    const row = set?.rows.get(sortKey) as DocumentRow;
    const isExpired = row.expiresAt !== undefined && row.expiresAt <= now;
    const isFull =
      documents.length === limit ||
      expired.length === lookBudget ||
      (!isExpired && documents.length > 0 && bytes + row.charge > state.options.limits.batchBytes);
    if (isFull) {
      next = position;
      break;
    }
    const { incarnation: _, ...document } = row.document;
    position = { namespace: document.namespace, key: document.key };
    if (isExpired) expired.push(row);
    else {
      bytes += row.charge;
      documents.push(Object.freeze(document));
    }
  }
  for (const row of expired) if (!row.ended) state.dropDocument(row);
  const version = tenant?.documentVersion ?? 0;
  return { ok: { incarnation: session?.incarnation, documents, version, next } };
}

/** Writes documents of one unit as they are, all or none, in one step. */
export function importDocuments(
  state: StoreState,
  request: AdmittedDocumentImport,
): Answer<{ readonly expired: number } | undefined> {
  const now = state.now();
  const { scope, floor, writes } = request;
  const address = scope.session === undefined ? undefined : { tenant: scope.tenant, session: scope.session };
  const session = address && state.session(address, now);
  if (address !== undefined && session === undefined) return absent(state, address);
  if (session !== undefined && session.incarnation !== request.incarnation)
    return { refused: "incarnation", current: session.incarnation };
  const late = address && state.leases.refuseFence(address, request.fence);
  if (late !== undefined) return late;
  const tenant = state.tenants.get(scope.tenant);
  const unit = { session, set: session === undefined ? tenant?.documents : session.documents };
  const kept: AdmittedRestore[] = [];
  const before: (DocumentRow | undefined)[] = [];
  for (const [index, write] of writes.entries()) {
    if (write.expiresAt !== undefined && write.expiresAt <= now) continue;
    const row = state.document(unit.set, write.sortKey, now);
    const current = row?.document.version ?? 0;
    if (current !== write.expectedVersion) return { refused: "version", current, index };
    kept.push(write);
    before.push(row);
  }
  const changes = kept.length > 0 || (tenant?.documentVersion ?? 0) < floor;
  if (changes && session?.sealed === false) return { refused: "unsealed", current: session.log.version };
  const charges = kept.map((write) => chargeOf(state, write));
  const tooLarge = refuseSize(state, unit, scope, before, charges);
  if (tooLarge !== undefined) return tooLarge;

  state.raiseDocumentVersion(scope.tenant, floor);
  if (kept.length > 0) {
    const target = openTarget(state, unit, { ...request, subject: undefined, metadata: {} }, now);
    for (const [index, write] of kept.entries())
      state.putDocument(newRow(target, write, write, charges[index] ?? 0), now);
    if (session === undefined) state.boundDocuments(now);
    else state.chargeSession(session, now);
  }
  return { ok: { expired: writes.length - kept.length } };
}
