/** What a writer was told for one append: `acknowledged`, surely not applied (`refused`), or neither (`unknown`). */
export interface HistoryAppend {
  /** Of the operation, retries included: they are one append, whose last answer counts. */
  readonly operation: string;
  readonly writer: string;
  /** The place in the order in which this writer made its appends, each after the answer to the one before: 1, 2, 3 … */
  readonly order: number;
  /** What tells its events apart from all others, in their order in the batch: their ids, or their text. */
  readonly events: readonly string[];
  /** The events, of any append, whose content these repeat. */
  readonly derivedFrom?: readonly string[];
}

/** Stands in a log for a tombstone, which tells nothing of what it was. */
export const erasedEvent = "(erased)";

export interface AcknowledgedAppend extends HistoryAppend {
  /** As the store returned it. */
  readonly firstSeq: number;
  /** As the store returned it; of an empty batch `firstSeq - 1`. */
  readonly version: number;
}

/** One event as a reader saw it; `erasedEvent` for a tombstone. */
export interface SeenEvent {
  readonly seq: number;
  readonly event: string;
}

/** One reading of the whole log, retracted events included. */
export interface HistoryRead {
  /** Of one reader each reading began after the one before had ended. */
  readonly reader: string;
  /** In order of `seq`, from 1. */
  readonly events: readonly SeenEvent[];
  /**
   * When it began and ended, by one clock for all readers, in any unit. With them a reader that sees less than another
   * had seen before it began is found; leave them out where a store's reads may lag.
   */
  readonly time?: readonly [began: number, ended: number];
}

/** Everything that was seen of one incarnation of one session that was not trimmed. */
export interface History {
  readonly acknowledged: readonly AcknowledgedAppend[];
  readonly unknown?: readonly HistoryAppend[];
  readonly refused?: readonly HistoryAppend[];
  /** Events whose erasure was acknowledged, at any time before the log came to rest. */
  readonly erased?: readonly string[];
  /** Of each reader in the order of its readings. */
  readonly reads?: readonly HistoryRead[];
  /** The log after everything had come to rest. */
  readonly final: readonly SeenEvent[];
}

export type ViolationKind =
  /** An acknowledged event is not in the log. */
  | "lost"
  /** An event is in the log more than once. */
  | "doubled"
  /** `seq` does not go 1, 2, 3 … */
  | "gap"
  /** The store said another `seq` than it has stored. */
  | "moved"
  /** An append of a writer stands before an earlier one of the same writer. */
  | "reordered"
  /** A batch is there in part, or not in one piece, or not in its order. */
  | "split"
  /** What was surely not applied is in the log. */
  | "refused-but-stored"
  /** An event in the log that nobody has appended. */
  | "unexplained"
  /** An event was erased, or something that it repeats, and its content is still in the log. */
  | "survived"
  /** A read is not a prefix of a later read, or of the final log. */
  | "not-a-prefix";

/** One broken promise. */
export interface Violation {
  readonly kind: ViolationKind;
  /** For a person: who, what, and where. */
  readonly message: string;
}
