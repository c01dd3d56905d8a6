import type { JsonObject, OperationRecord, SessionHead } from "@relevo/core";
import type { DocumentSet } from "./document-set.ts";
import type { Expiring } from "./expiry-queue.ts";
import { jsonSize } from "./json-size.ts";
import { countBelow } from "./seq-list.ts";
import { SessionLog } from "./session-log.ts";
import type { Tenant } from "./tenant.ts";

/** One incarnation of a session and all that lives in it. */
export interface Session extends Expiring {
  readonly kind: "session";
  readonly tenant: Tenant;
  readonly id: string;
  readonly incarnation: string;
  readonly log: SessionLog;
  readonly operations: Map<string, OperationRecord>;
  /** The same records by the version they led to, ascending. */
  operationOrder: OperationRecord[];
  documents: DocumentSet | undefined;
  revision: number;
  subject: string | undefined;
  metadata: JsonObject;
  metadataBytes: number;
  createdAt: number;
  updatedAt: number;
  ttlMs: number | undefined;
  sealed: boolean;
  /** What the session counts for against the bound, as it was last added up. */
  charge: number;
}

export interface SessionSeed {
  readonly incarnation: string;
  readonly subject: string | undefined;
  readonly metadata: JsonObject;
  readonly ttlMs: number | undefined;
  readonly firstSeq?: number;
}

export function newSession(tenant: Tenant, id: string, seed: SessionSeed, now: number): Session {
  return {
    kind: "session",
    tenant,
    id,
    incarnation: seed.incarnation,
    log: new SessionLog(seed.firstSeq),
    operations: new Map(),
    operationOrder: [],
    documents: undefined,
    revision: 0,
    subject: seed.subject,
    metadata: seed.metadata,
    metadataBytes: jsonSize(seed.metadata),
    createdAt: now,
    updatedAt: now,
    ttlMs: seed.ttlMs,
    expiresAt: seed.ttlMs === undefined ? undefined : now + seed.ttlMs,
    queuedAt: undefined,
    ended: false,
    sealed: false,
    charge: 0,
  };
}

export function headOf(session: Session): SessionHead {
  const { log, subject, expiresAt } = session;
  return Object.freeze({
    session: session.id,
    incarnation: session.incarnation,
    version: log.version,
    revision: session.revision,
    firstSeq: log.firstSeq,
    events: log.size,
    bytes: log.bytes,
    ...(subject === undefined ? {} : { subject }),
    metadata: session.metadata,
    createdAt: session.createdAt,
    updatedAt: session.updatedAt,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(session.sealed ? { sealed: true as const } : {}),
  });
}

export function recordOperation(session: Session, record: OperationRecord): void {
  session.operations.set(record.id, record);
  const order = session.operationOrder;
  const last = order.at(-1);
  if (last === undefined || last.result.version <= record.result.version) order.push(record);
  else order.splice(countBelow(order.map(versionOf), record.result.version + 1), 0, record);
}

/** The operations that led to a version greater than `after` and at most `last`. */
export function operationsBetween(session: Session, after: number, last: number): OperationRecord[] {
  const order = session.operationOrder;
  let low = 0;
  let high = order.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (versionOf(order[middle] as OperationRecord) <= after) low = middle + 1;
    else high = middle;
  }
  const found: OperationRecord[] = [];
  for (; low < order.length; low++) {
    const record = order[low] as OperationRecord;
    if (versionOf(record) > last) break;
    found.push(record);
  }
  return found;
}

function versionOf(record: OperationRecord): number {
  return record.result.version;
}
