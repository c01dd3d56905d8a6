import type { DocumentAddress, SessionAddress } from "../address.ts";
import type { EventInput, EventType, SeqRange, StoredEvent } from "../events.ts";
import type { JsonObject } from "../json.ts";
import type { BelowPage, BelowPart } from "./below-page.ts";
import type { CallOptions, Page, PageOptions } from "./common.ts";
import type { ScannedEvent, ScanOptions } from "./event-scan.ts";
import type { TokenChange } from "./token-change.ts";

/**
 * Makes a retry safe. `fingerprint` hashes the caller's request before ids, times and sequence numbers are added
 * (see `fingerprint()`): the same id with the same fingerprint replays the first result, the same id with another
 * fingerprint is a `conflict`.
 */
export interface Operation {
  readonly id: string;
  readonly fingerprint: string;
}

/** Applied when the call creates the session, ignored when the session exists. */
export interface SessionInit {
  /** The owner inside the tenant, such as a user id. */
  readonly subject?: string;
  readonly metadata?: JsonObject | undefined;
}

/** Conditions that a write to a session checks before it changes anything. */
export interface SessionGuard extends CallOptions {
  /** The incarnation that the writer means; a gone one is `history-lost`. */
  readonly incarnation?: string;
  /** The token of the lease under which the writer runs; any other than the newest granted is `conflict`. */
  readonly fence?: number;
  readonly init?: SessionInit | undefined;
}

export interface AppendOptions extends SessionGuard {
  readonly operation?: Operation;
  /** The last `seq` that the writer saw; 0 for "nothing yet". A stale one is `conflict` and changes nothing. */
  readonly expectedVersion?: number;
  /**
   * The `removalRevision` at which the writer read what its events are `derivedFrom`, as `read` answered it before
   * or together with that content; it belongs to the `incarnation`, which must be named too. 0 when left out: then
   * nothing that the events name may have been removed at any time.
   */
  readonly removalRevision?: number;
  /** The session's idle lifetime from now on; `null` for ever; unchanged when left out. */
  readonly ttlMs?: number | null | undefined;
  /** Also answers the events as `read` returns them, so that a copy of the log can be kept up without a read. */
  readonly withEvents?: boolean | undefined;
}

/** What an append did, as it is remembered for its retries. */
export interface OperationResult {
  readonly firstSeq: number;
  /** The log's last `seq` after this append. */
  readonly version: number;
  readonly incarnation: string;
  readonly revision: number;
}

export interface AppendResult extends OperationResult, TokenChange {
  /**
   * The session's token after the call. A replay answers the present one here and as `previousToken`, so that it shows
   * what others wrote since the first call.
   */
  readonly token: string;
  /** True when an earlier call with the same operation did the work and this one changed nothing. */
  readonly replayed: boolean;
  /** When the store recorded the events, in milliseconds since the epoch by its clock; absent in a replay. */
  readonly recordedAt?: number;
  /** The events as they are stored, frozen; there when `withEvents` asked for them, absent in a replay. */
  readonly events?: readonly StoredEvent[];
}

/** An operation as it is remembered, with the result that a retry returns. */
export interface OperationRecord extends Operation {
  readonly result: OperationResult;
}

export interface ReadOptions extends CallOptions {
  /** Only events with a greater `seq`. */
  readonly after?: number;
  /** Only events with a smaller `seq`. */
  readonly before?: number;
  /** At most this many; 1 to 1,000, 100 when left out. Counted after all filters. */
  readonly limit?: number | undefined;
  /** `forward` returns the oldest first and is the default; `backward` the newest first. */
  readonly direction?: "forward" | "backward" | undefined;
  readonly types?: readonly EventType[];
  readonly agent?: string;
  readonly pinned?: boolean;
  /**
   * Read the log as it was when this was its last `seq`: later events are left out, and what they retracted is
   * still effective. Pages of one read pass the `version` of the first; otherwise a retraction between two pages
   * would show a history that never existed. Trim and erase are not undone.
   */
  readonly atVersion?: number;
  /** Events that were retracted: left out by default, `include`d, or `only` them. */
  readonly retracted?: "exclude" | "include" | "only";
  /**
   * Also answers what a view needs of the log below a newest page, as of the same moment; see `BelowPage`. Only
   * backward from the end of the log: without `after`, `before`, `atVersion` and `retracted`.
   */
  readonly below?: readonly BelowPart[] | undefined;
  /**
   * A token whose state the caller has read already: while it is still the session's, no events are answered but
   * `unchanged`. Like `If-None-Match`: one call, small when nothing was written and whole when something was.
   */
  readonly unlessToken?: string;
}

/** Events and the state of the log they were read from, taken at one moment. */
export interface ReadResult {
  /** Absent when the session does not exist. */
  readonly incarnation?: string;
  /** 0 when the session does not exist. */
  readonly version: number;
  readonly revision: number;
  /** As in the head; 0 when the session does not exist. */
  readonly removalRevision: number;
  /** As in the head; absent when the session does not exist. */
  readonly token?: string;
  readonly events: readonly StoredEvent[];
  /**
   * Where to continue, as `after` forward and as `before` backward, when there may be more. A result with fewer than
   * `limit` events, or none, may still have it: a store may bound the work of one call.
   */
  readonly next?: number;
  /** The parts that were asked for; absent when the session does not exist. */
  readonly below?: BelowPage;
  /** The session's token is `unlessToken`: `events` is empty, `next` and `below` are left out. */
  readonly unchanged?: true;
}

/** What is known of a session without reading its events. */
export interface SessionHead {
  readonly session: string;
  /** UUIDv7 given when the session is created. It ends with delete and expiry; trim keeps it. */
  readonly incarnation: string;
  /** The last `seq`, also when that event was trimmed. 0 before the first event. */
  readonly version: number;
  /** Grows with every append, erase, trim, seal and change of expiry or metadata. Caches key on it. */
  readonly revision: number;
  /**
   * The `revision` after the newest removal: an erasure, retraction or trim that took out at least one event. 0 before
   * the first. Nothing else changes it, so that a busy session can be summarized.
   */
  readonly removalRevision: number;
  /**
   * The token of the newest write that moved the `revision`; see `TokenChange`. Empty before the first, in a session that
   * documents have created: one that is created so again has it too, so it says nothing.
   */
  readonly token: string;
  /** The smallest `seq` still in the log; `version + 1` when there is none. */
  readonly firstSeq: number;
  /** Events in the log, tombstones and retracted ones included; trimmed ones not. */
  readonly events: number;
  /** Sum over the events in the log of what was appended, as JSON in UTF-8; nothing for a tombstone. In bytes. */
  readonly bytes: number;
  readonly subject?: string;
  readonly metadata: JsonObject;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly expiresAt?: number;
  /** A sealed session refuses every write but `delete`, `erase` and `unseal`. */
  readonly sealed?: true;
}

/** The head after a call that may write, with the token that the call found. */
export interface ChangedHead extends SessionHead {
  /** As in `TokenChange`. */
  readonly previousToken?: string;
}

export interface TouchOptions extends CallOptions {
  readonly incarnation?: string;
  readonly ttlMs?: number | null | undefined;
  readonly subject?: string;
  /** Replaces the session's metadata. */
  readonly metadata?: JsonObject | undefined;
}

export type TrimOptions = CallOptions & { readonly incarnation?: string } & (
    | { readonly beforeSeq: number }
    | { readonly olderThan: number }
  );

export interface TrimResult extends TokenChange {
  readonly removed: number;
  readonly firstSeq: number;
  /** True when the call reached its bound and there is more to trim. */
  readonly more: boolean;
  /** As in the head. */
  readonly removalRevision: number;
}

export interface EraseOptions extends CallOptions {
  readonly seqs: readonly SeqRange[];
  readonly incarnation?: string;
  /**
   * What was derived from them: `erase`d too, the default, or `keep` it, as a trim does; their tombstones then say so, and no
   * copy of the session erases it either. A later erasure of them without it still does.
   */
  readonly derived?: "erase" | "keep" | undefined;
}

export interface EraseResult extends TokenChange {
  /** What is blank now, ascending: the events asked for and those derived from them. */
  readonly erased: readonly number[];
  /** Documents that were derived from them and are removed now, of this session or not; absent for none. */
  readonly documents?: readonly DocumentAddress[];
  readonly revision: number;
  /** As in the head. */
  readonly removalRevision: number;
}

export interface SealOptions extends CallOptions {
  readonly expectedVersion?: number;
  readonly incarnation?: string;
  /** Of the caller's lease. `conflict` unless it is the newest granted: who slept past a lease changes nothing. */
  readonly fence?: number;
}

export interface DeleteSessionOptions extends SealOptions {
  /** The `token` that was read. Any other is `conflict`: what was written, or moved back, since then is kept. */
  readonly expectedToken?: string;
}

export interface ListSessionsOptions extends PageOptions {
  /**
   * By `id`, the default: in the order of the ids as UTF-8 bytes. Or by the time when each was last `updated` (see
   * `updatedAt` in the head), those of one millisecond by id. A cursor belongs to one order.
   */
  readonly order?: "id" | "updated" | undefined;
  /** `backward` is the reverse of the whole order: with `updated` the newest comes first. */
  readonly direction?: "forward" | "backward" | undefined;
  readonly subject?: string;
  /** Only sessions whose last write is at or before this time, in milliseconds since the epoch. */
  readonly idleSince?: number;
  /** Only sessions whose id begins with this string. */
  readonly prefix?: string;
}

/**
 * One ordered, append-only sequence of events for each session.
 *
 * - `seq` is assigned by the store: contiguous, in the order of calls, never by time. Every read that includes
 *   retracted events is a prefix of every later such read of the same incarnation, until a trim.
 * - A write is all or nothing. What is refused changes nothing, not even the idle time.
 * - Inputs are neither kept nor changed; results are frozen or copies.
 * - A session that does not exist is not an error for reads.
 * - What a store loses beyond its declared durability, such as in a failover before a replica had it, may leave an
 *   incarnation alive whose next events get the `seq` of the lost ones. So no reader caches an event by incarnation and
 *   `seq` alone.
 *
 * Every method throws `invalid-input` for hostile input, `closed` after `close()`, `aborted`, and by store
 * `unavailable`, `timeout`, `corrupt`.
 */
export interface EventLog {
  /**
   * Adds events at the end, all or none, with contiguous `seq`, and refreshes the idle lifetime. Creates the
   * session when there is none and no incarnation is named. Without events it needs an operation, which it records
   * (`firstSeq` is then `version + 1`).
   *
   * A session that was deleted or has expired starts again under another incarnation when none is named. But an
   * operation of an incarnation that has ended is `history-lost` for at least 24 hours, even when no incarnation is
   * named; otherwise the retry of a first append would bring a deleted session back. A store that finds itself without
   * a history it had (an eviction, a missing part) answers `history-lost` until the session is deleted.
   *
   * An append without a fence is accepted while a lease is held: leases order only those who ask for them.
   *
   * Checked in this order, before anything is written: limits and form, the incarnation, a known operation
   * (replay or `conflict`), the seal, the fence, the expected version, the removals.
   *
   * Content that is `derivedFrom` events must not outlive them. An erasure follows derivation, but it cannot know of a
   * summary that is still being written. So the append is refused when an event that one of the new events names was
   * erased, retracted or trimmed after `removalRevision`; a removal elsewhere and other appends do not refuse it. A
   * store remembers the newest removals exactly, at least the last 64 ranges, and of older ones at least the range
   * that spans them, which may refuse too much: a writer that reads again succeeds. What the append itself retracts
   * does not count.
   *
   * A `retraction` names ranges within `1 … version` as it was before this append. In the same step it marks the
   * messages and summaries in them that no retraction has marked yet, and every summary derived from one of those.
   * Other events stay, and so does what is marked, trimmed or erased already: retracting `1 … version` is always
   * possible, and clears the session. Retractions are never retracted themselves; to bring an event back, append it
   * again.
   *
   * @throws `conflict` with `details.conflict` = `operation` | `version` | `fence` | `sealed` | `removal` and the
   *   current value;
   *   `history-lost`; `too-large`; `invalid-input`, also for a retraction of events that do not exist.
   */
  append(
    address: SessionAddress,
    events: readonly EventInput[],
    options?: AppendOptions,
  ): Promise<AppendResult>;

  /**
   * What is recorded of an operation, `undefined` when the session does not know it. Operations are remembered as
   * long as the incarnation, or for the bound that the store documents, never below 24 hours.
   */
  operation(address: SessionAddress, id: string, options?: CallOptions): Promise<OperationRecord | undefined>;

  /**
   * Events in order of `seq`. Retraction events are among them unless `types` leaves them out: a reader that follows a
   * log forward needs them, or keys its cache on `revision`. Cost follows what is returned, never the length of the
   * log.
   */
  read(address: SessionAddress, options?: ReadOptions): Promise<ReadResult>;

  /** The state of the session, `undefined` when there is none. */
  head(address: SessionAddress, options?: CallOptions): Promise<SessionHead | undefined>;

  /**
   * Refreshes the idle lifetime and changes what is given. `undefined` when there is no session.
   *
   * @throws `history-lost` when the named incarnation is gone; `conflict` when sealed.
   */
  touch(address: SessionAddress, options?: TouchOptions): Promise<ChangedHead | undefined>;

  /**
   * Retention: removes the longest prefix that is all before `beforeSeq`, or all recorded before `olderThan`.
   * Keeps incarnation and version, even when every event is removed. A missing session has nothing to trim.
   *
   * @throws `history-lost` when the named incarnation is gone; `conflict` when sealed.
   */
  trim(address: SessionAddress, options: TrimOptions): Promise<TrimResult>;

  /**
   * Removes content for good, with that of every event derived from it unless `derived` is `keep`, in one step; leaves
   * tombstones. Operation ids stay known. Erasing again is not an error. What was derived from a trimmed event is erased
   * with it too.
   *
   * @throws `history-lost` when the named incarnation is gone.
   */
  erase(address: SessionAddress, options: EraseOptions): Promise<EraseResult>;

  /**
   * Ends the incarnation and everything that lives with it: events, session documents, operations. False when
   * there was no session, or not the incarnation that was named.
   *
   * @throws `conflict` when the expected version or token is stale.
   */
  delete(address: SessionAddress, options?: DeleteSessionOptions): Promise<boolean>;

  /**
   * Heads of the tenant's sessions. A session that exists throughout, and is not written, is returned exactly once. In
   * the order of ids, writes move nothing. By `updated`, a session that is written while the list is paged moves to the
   * newest end: forward it is returned there, a second time if it was returned before; backward it is not returned any
   * more, unless it was before. To miss none, page forward. May lag behind on a cluster.
   */
  list(tenant: string, options?: ListSessionsOptions): Promise<Page<SessionHead>>;

  /**
   * Events across the tenant's sessions, such as all executions of an agent, in the order of recording time, session
   * id, `seq`. Retracted events are left out. May lag.
   */
  scan(tenant: string, options?: ScanOptions): Promise<Page<ScannedEvent>>;
}
