import type { SessionAddress } from "../address.ts";
import type { StoredEvent } from "../events.ts";
import type { RemovedRange } from "../store/removals.ts";
import type { CallOptions } from "./common.ts";
import type { ChangedHead, EventLog, OperationRecord, SealOptions, SessionHead } from "./event-log.ts";

export interface ExportOptions extends CallOptions {
  /** Only events with a greater `seq`. */
  readonly after?: number;
  /** At most this many; 1 to 1,000, 100 when left out. */
  readonly limit?: number | undefined;
}

export interface ImportOptions extends CallOptions {
  /** Of the session's lease in this store. `conflict` unless it is the newest granted, whether there is a session or not. */
  readonly fence?: number;
}

/** One part of a session on its way to another store. */
export interface TransferBatch {
  readonly head: SessionHead;
  /** The session's idle lifetime, when it has one. */
  readonly ttlMs?: number | undefined;
  /** Ascending, retracted events and tombstones included. */
  readonly events: readonly StoredEvent[];
  readonly operations: readonly OperationRecord[];
  /** What was removed and when, by ascending revision: at most `maxRemovedRanges`. */
  readonly removed: readonly RemovedRange[];
}

/**
 * Moves a session between stores with its incarnation and `seq`: seal, export, import, verify, unseal the copy,
 * delete the source with the token that it was copied at. Each step can be repeated after a crash.
 */
export interface EventTransfer {
  /**
   * Refuses further writes. Idempotent; what it names is checked also when the session is sealed already.
   *
   * @throws `not-found`; `history-lost`; `conflict` with `details.conflict` = `fence` | `version`.
   */
  seal(address: SessionAddress, options?: SealOptions): Promise<ChangedHead>;
  /** Allows writes again. Idempotent, and guarded as `seal` is. */
  unseal(address: SessionAddress, options?: SealOptions): Promise<ChangedHead>;
  /**
   * Events after `after`, at most `limit`, with the operations that appended them. Fewer when they are big: no more
   * than `limits.batchBytes` together, or a single one, so that an import takes them. The last batch ends at
   * `head.version`.
   */
  exportEvents(address: SessionAddress, options?: ExportOptions): Promise<TransferBatch | undefined>;
  /**
   * Takes a batch with its `seq` and incarnation into a sealed session. Idempotent for each `seq`. A copy has write
   * tokens of its own: what was cached of the source is not valid for it.
   *
   * @throws `conflict` when another incarnation lives here, or an event with this `seq` has other content; or with
   *   `details.conflict` = `fence`; `invalid-input` when the batch would leave a gap.
   */
  importEvents(address: SessionAddress, batch: TransferBatch, options?: ImportOptions): Promise<ChangedHead>;
}

export function isEventTransfer(log: EventLog): log is EventLog & EventTransfer {
  return "importEvents" in log && typeof log.importEvents === "function";
}
