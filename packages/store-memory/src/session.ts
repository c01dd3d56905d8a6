import type { ChangedHead, JsonObject, SeqRange, SessionHead } from "@relevo/core";
import { addRemoval, type DocumentOperationRecord, type RemovedRange } from "@relevo/core/store";
import type { DocumentSet } from "./document-set.ts";
import type { Expiring } from "./expiry-queue.ts";
import { jsonSize } from "./json-size.ts";
import { OperationLedger } from "./operation-ledger.ts";
import { SessionLog } from "./session-log.ts";
import type { PlacedSession } from "./update-order.ts";

/** The tenant as its sessions know it: an interface, so that the files of the two do not import each other. */
export interface SessionTenant {
  readonly id: string;
  documentVersion: number;
  readonly empty: boolean;
  changeSubject(session: Session, subject: string): void;
  removeSession(session: Session): void;
  noteSession(session: string): void;
  /** The session was written. */
  moveSession(session: Session): void;
}

/** One incarnation of a session and all that lives in it. */
export interface Session extends Expiring, PlacedSession {
  readonly kind: "session";
  readonly tenant: SessionTenant;
  readonly id: string;
  readonly incarnation: string;
  readonly log: SessionLog;
  readonly operations: OperationLedger;
  /** Operations of the writes of its documents. */
  readonly documentOperations: Map<string, DocumentOperationRecord>;
  documents: DocumentSet | undefined;
  revision: number;
  /** Of the write that led to the present revision. */
  token: string;
  /** Newest last. */
  removed: readonly RemovedRange[];
  removalRevision: number;
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

export function newSession(tenant: SessionTenant, id: string, seed: SessionSeed, now: number): Session {
  return {
    kind: "session",
    tenant,
    id,
    incarnation: seed.incarnation,
    log: new SessionLog(seed.firstSeq),
    operations: new OperationLedger(),
    documentOperations: new Map(),
    documents: undefined,
    revision: 0,
    token: "",
    removed: [],
    removalRevision: 0,
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
    place: undefined,
    moved: false,
    charge: 0,
  };
}

/** Remembers what the write that led to the present revision took out. */
export function noteRemoval(session: Session, ranges: readonly SeqRange[]): void {
  session.removed = addRemoval(session.removed, session.revision, ranges);
  session.removalRevision = session.revision;
}

export function headOf(session: Session): SessionHead {
  const { log, subject, expiresAt } = session;
  return Object.freeze({
    session: session.id,
    incarnation: session.incarnation,
    version: log.version,
    revision: session.revision,
    removalRevision: session.removalRevision,
    token: session.token,
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

/** The head after a call that found this token. */
export function changedHeadOf(session: Session, previousToken: string | undefined): ChangedHead {
  const head = headOf(session);
  return previousToken === undefined ? head : Object.freeze({ ...head, previousToken });
}
