import type { DocumentAddress, SessionAddress } from "../address.ts";
import type { SeqRange } from "../events.ts";
import type { Limits } from "../limits.ts";
import type { ChangedUnit } from "../ports/change-feed.ts";
import type { Document } from "../ports/document-store.ts";
import type { TransferredDocument } from "../ports/document-transfer.ts";
import type {
  AppendResult,
  ChangedHead,
  EraseResult,
  OperationRecord,
  ReadResult,
  SessionHead,
  TrimResult,
} from "../ports/event-log.ts";
import type { ScannedEvent } from "../ports/event-scan.ts";
import type { TransferBatch } from "../ports/event-transfer.ts";
import type { SearchIndex } from "../ports/search-index.ts";
import type { Durability, ExpireResult } from "../ports/store.ts";
import type { Answer } from "./answer.ts";
import type { AdmittedDocumentImport, AdmittedExportDocuments } from "./document-batch.ts";
import type { AdmittedDelete, AdmittedDocumentTouch, AdmittedGet, AdmittedPut } from "./document-calls.ts";
import type {
  AdmittedCount,
  AdmittedFind,
  AdmittedNamespaces,
  DocumentPosition,
} from "./document-queries.ts";
import type { AdmittedChanges } from "./feed-calls.ts";
import type { AdmittedListSessions, AdmittedScan, ListPosition, ScanPosition } from "./list-calls.ts";
import type {
  AdmittedAppend,
  AdmittedCall,
  AdmittedDeleteSession,
  AdmittedErase,
  AdmittedOperation,
  AdmittedRead,
  AdmittedSessionCall,
  AdmittedTouch,
  AdmittedTrim,
} from "./log-calls.ts";
import type { AdmittedExport, AdmittedImport, AdmittedSeal } from "./transfer-calls.ts";
import type { AdmittedExpire, AdmittedTenants } from "./upkeep-calls.ts";

/** Now, or as a promise. A driver in this process answers at once, and its calls cost no turn of the promise queue. */
export type Awaitable<Value> = Value | Promise<Value>;

/**
 * A page as a driver answers it: `next` is the position of the last item that was looked at, when there may be more.
 * The request for the following page has it as `after`.
 */
export interface DriverPage<Item, Position> {
  readonly items: readonly Item[];
  readonly next?: Position | undefined;
}

/**
 * What a store author writes; `createStore` makes a store of it.
 *
 * Requests are admitted: checked, frozen, within the limits, with the caller's signal, which has not fired yet. They may
 * be kept. Answers are `{ ok }` or a refusal, from which `createStore` makes the error that every store throws alike. A
 * driver throws for nothing but its backend: `unavailable`, `timeout`, `corrupt`, `denied`, and `aborted` when the
 * signal fires while it waits, each with the outcome that is known.
 *
 * A session or document that is not there is `{ ok: undefined }`. An answer is frozen, or a copy that the driver keeps no
 * reference to.
 */
export interface StoreDriver {
  /** What `createStore` admits. */
  readonly limits: Limits;
  readonly log: LogDriver;
  readonly documents: DocumentDriver;
  readonly transfer: TransferDriver;
  readonly leases?: LeaseDriver;
  readonly scan: ScanDriver;
  readonly feed?: FeedDriver;
  readonly maintenance?: MaintenanceDriver;
  readonly search?: SearchIndex;
  /**
   * Called after each call of a port, for drivers that answer within the process: a promise when the answer must wait
   * until the event loop has turned (see `createEventLoopPacer`).
   */
  nextTurn?(): Promise<void> | undefined;
  /** Called once. Ends background work; calls under way may fail with `closed`. What was injected stays open. */
  close(): Awaitable<void>;
}

/**
 * The log. Each call is one atomic step on one session; the checks of a write are made in the order of the port. A write
 * that moves the revision stores the `token` of its request in the head, and answers it with the token that it found.
 */
export interface LogDriver {
  /** Refuses `ended`, `operation`, `sealed`, `fence`, `version`, `removal`, `retraction`, `too-large`. */
  append(request: AdmittedAppend): Awaitable<Answer<AppendResult>>;
  /** For a log in this process; see `InProcessLog`. */
  presentToken?(address: SessionAddress): string | undefined;
  operation(request: AdmittedOperation): Awaitable<Answer<OperationRecord | undefined>>;
  read(request: AdmittedRead): Awaitable<Answer<ReadResult | undefined>>;
  head(request: AdmittedSessionCall): Awaitable<Answer<SessionHead | undefined>>;
  /** Refuses `ended`, `sealed`, `too-large`. */
  touch(request: AdmittedTouch): Awaitable<Answer<ChangedHead | undefined>>;
  /** Refuses `ended`, `sealed`. */
  trim(request: AdmittedTrim): Awaitable<Answer<TrimResult | undefined>>;
  /** Refuses `ended`. */
  erase(request: AdmittedErase): Awaitable<Answer<EraseResult | undefined>>;
  /** Whether there was the session that is meant. Refuses `version`; `ended` is the same as `{ ok: false }`. */
  delete(request: AdmittedDeleteSession): Awaitable<Answer<boolean>>;
  list(request: AdmittedListSessions): Awaitable<Answer<DriverPage<SessionHead, ListPosition>>>;
}

/** Documents. Each write is one atomic step on one unit. */
export interface DocumentDriver {
  /** One for each address, in the order asked. */
  get(request: AdmittedGet): Awaitable<Answer<readonly (Document | undefined)[]>>;
  /**
   * One for each write, in the order asked. Under an operation it also records `recordPut`, for at least 24 hours, and
   * for a known one answers `replayPut` before the seal, the fence and the versions are checked. Refuses `ended`, `sealed`, `fence`, `version` with the `index` of the first
   * write that is refused, `too-large`.
   */
  put(request: AdmittedPut): Awaitable<Answer<readonly Document[]>>;
  /**
   * How many there were. Operations and refusals as for `put`. `derived: false` says that nothing is derived from what was
   * asked to be deleted, as of the same step: `eraseDerived` is not called then. A put with sources must not come between:
   * it is visible to the step, or finds its source gone after it.
   */
  delete(request: AdmittedDelete): Awaitable<Answer<number> & { readonly derived?: boolean }>;
  /** Refuses `ended`, `sealed`, `fence`. */
  touch(request: AdmittedDocumentTouch): Awaitable<Answer<Document | undefined>>;
  /**
   * Removes at most `limit` documents that are derived from the source, and answers which, with whether there may be
   * more. Neither seals nor fences refuse it. Each unit is changed in a step of its own.
   */
  eraseDerived?(request: DerivedRequest): Awaitable<Answer<ErasedDocuments>>;
  find(request: AdmittedFind): Awaitable<Answer<DriverPage<Document, DocumentPosition>>>;
  /** Left out by a driver that has no faster way than to find them all. */
  count?(request: AdmittedCount): Awaitable<Answer<number>>;
  namespaces(
    request: AdmittedNamespaces,
  ): Awaitable<Answer<DriverPage<readonly string[], readonly string[]>>>;
}

/** What documents may be derived from that is removed now. */
export type RemovedSource =
  | { readonly session: string; readonly incarnation: string; readonly ranges: readonly SeqRange[] }
  | { readonly documents: readonly DocumentAddress[] };

export interface DerivedRequest {
  readonly tenant: string;
  readonly source: RemovedSource;
  readonly limit: number;
  readonly signal: AbortSignal | undefined;
}

export interface ErasedDocuments {
  readonly erased: readonly DocumentAddress[];
  readonly more: boolean;
}

/** A page of an export of documents. */
export interface DriverDocuments {
  /** Of the session that they belong to. */
  readonly incarnation?: string | undefined;
  /** In order, those that have not expired, each with its own expiry. */
  readonly documents: readonly TransferredDocument[];
  /**
   * The greatest version given in the units of these documents, or more; of a session also when there are none. Read
   * together with the documents, or after them.
   */
  readonly version: number;
  /** The position of the last document that was looked at, when there may be more. */
  readonly next?: DocumentPosition | undefined;
}

/** Moving sessions and documents. An import of events is planned by `planImport`, from what the driver reads in its transaction or before. */
export interface TransferDriver {
  /** Seals or unseals. Refuses `ended`, `fence`, `version`. */
  seal(request: AdmittedSeal): Awaitable<Answer<ChangedHead | undefined>>;
  export(request: AdmittedExport): Awaitable<Answer<TransferBatch | undefined>>;
  /** Refuses what `planImport` does, `evicted`, `too-large`. */
  import(request: AdmittedImport): Awaitable<Answer<ChangedHead>>;
  /** `undefined` without such a session. Ends a page before its values pass `limits.batchBytes` together. */
  exportDocuments(request: AdmittedExportDocuments): Awaitable<Answer<DriverDocuments | undefined>>;
  /**
   * Writes all or nothing, in one step on one unit, and raises what later versions of the unit are above to `floor`, also
   * without any write. A document whose time is over is left out, whatever is here, and counted as `expired`. Refuses
   * `incarnation`; `unsealed` when anything is to be changed in a session that is not sealed; `version` with the `index`
   * of the first write that finds another version than it expects; `too-large`. Without such a session: `undefined`.
   */
  importDocuments(
    request: AdmittedDocumentImport,
  ): Awaitable<Answer<{ readonly expired: number } | undefined>>;
}

/** Events across sessions. */
export interface ScanDriver {
  scan(request: AdmittedScan): Awaitable<Answer<DriverPage<ScannedEvent, ScanPosition>>>;
}

/** A page of the change feed. */
export interface DriverChanges {
  readonly units: readonly ChangedUnit[];
  /** Where the next page begins: text of the driver's own, which comes back as `after`. */
  readonly position: string;
  readonly more: boolean;
}

/**
 * Which units were written since a position. The entry of a unit is written in the same atomic step as the unit, and
 * takes the place of the one before.
 */
export interface FeedDriver {
  /** Refuses `changes` when it no longer knows what came after the position, `position` when it is not its own. */
  changes(request: AdmittedChanges): Awaitable<Answer<DriverChanges>>;
}

/** Upkeep. */
export interface MaintenanceDriver {
  tenants(request: AdmittedTenants): Awaitable<Answer<DriverPage<string, string>>>;
  expire(request: AdmittedExpire): Awaitable<Answer<ExpireResult>>;
  durability(request: AdmittedCall): Awaitable<Answer<Durability>>;
}

/** What the holder of a lease was given. */
export interface LeaseGrant {
  readonly fence: number;
  readonly expiresAt: number;
}

/** A lease that somebody else holds, by the store's clock. */
export interface HeldLease extends LeaseGrant {
  readonly refused: "held";
  /** How long it lasts from now on when nobody renews it. */
  readonly leftMs: number;
}

/** A lease that a holder means. */
export interface LeaseRequest {
  readonly address: SessionAddress;
  readonly fence: number;
  readonly signal: AbortSignal | undefined;
}

/** The leases. Every call answers at once; `createStore` waits. */
export interface LeaseDriver {
  /**
   * Tries once, and with `takeOver` always grants, whoever holds it. Given no signal: whether a grant that is on its way was given could not be told, and nobody would give
   * it back. `createStore` releases what came too late.
   */
  acquire(request: {
    readonly address: SessionAddress;
    readonly ttlMs: number;
    readonly takeOver: boolean;
  }): Awaitable<{ readonly ok: LeaseGrant; readonly refused?: undefined } | HeldLease>;
  /** Refuses `lease` when it was released, or another holder was granted since. */
  renew(request: LeaseRequest & { readonly ttlMs: number }): Awaitable<Answer<LeaseGrant>>;
  /** The grant that is in force, `undefined` when nobody holds the lease. */
  holder(request: AdmittedSessionCall): Awaitable<Answer<LeaseGrant | undefined>>;
  /** Leaves a lease that is another's alone. */
  release(request: LeaseRequest): Awaitable<Answer<void>>;
  /**
   * How often `createStore` looks while somebody waits, where a release or the passing of time is not announced; about
   * this long, in milliseconds. Left out, it looks when `watch` tells, and when the lease has run out.
   */
  readonly pollMs?: number | undefined;
  /** Calls `wake` after each release and takeover of this lease, in this process at least. Returns how to stop. */
  watch?(address: SessionAddress, wake: () => void): () => void;
}
