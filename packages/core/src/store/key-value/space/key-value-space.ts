import type { CallOptions } from "../../../ports/common.ts";

/** Changes with every write of an entry, and is never used twice, also across delete and re-creation. */
export type KeyVersion = string | number | bigint;

export interface KeyValueEntry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly version: KeyVersion;
}

/** The first `limit` entries from `from` on and before `to`, in byte order; the last ones when `reverse`. */
export interface KeyRange {
  readonly from: Uint8Array;
  readonly to: Uint8Array;
  readonly limit: number;
  readonly reverse?: boolean;
}

export interface KeyValueReadRequest {
  readonly keys: readonly Uint8Array[];
  readonly ranges: readonly KeyRange[];
}

/** One answer for each key and each range, in the order asked. */
export interface KeyValueReadResult {
  readonly entries: readonly (KeyValueEntry | undefined)[];
  readonly ranges: readonly (readonly KeyValueEntry[])[];
}

/** Stores the value, or removes the entry when it is `undefined`. A key stands in one change of a commit. */
export interface KeyValueChange {
  readonly key: Uint8Array;
  readonly value: Uint8Array | undefined;
}

/** The entry has this version; `undefined`: there is no entry. */
export interface KeyValueCondition {
  readonly key: Uint8Array;
  readonly version: KeyVersion | undefined;
}

/** What one commit and one value may hold. Leave out what has no bound. */
export interface KeyValueLimits {
  /** Changes in one commit. At least 100. */
  readonly commitEntries?: number | undefined;
  /** Keys and values of one commit together. At least 64 KiB, and twice `valueBytes`. */
  readonly commitBytes?: number | undefined;
  /** One value. At least 1 KiB. Longer ones are split. */
  readonly valueBytes?: number | undefined;
}

/**
 * An ordered key-value space with an atomic conditional batch: what SQLite, LevelDB under a lock, Deno KV and Durable
 * Objects have. `createKeyValueDriver` derives a whole store from it. Keys and values are bytes; keys have at most
 * about three times `limits.addressBytes` of the store.
 *
 * Every method may answer at once or as a promise. What it throws is passed on when it is a `MemoryError`, and is
 * `unavailable` otherwise.
 */
export interface KeyValueSpace {
  readonly limits?: KeyValueLimits | undefined;
  /** Everything that is asked for, as it is at one moment: after the commits that were acknowledged before. */
  read(request: KeyValueReadRequest, options: CallOptions): KeyValueReadResult | Promise<KeyValueReadResult>;
  /**
   * Applies all changes if all conditions hold at that moment. False when one does not: then nothing has changed.
   *
   * @throws anything when the outcome is not known: the driver finds out by reading. Only a `MemoryError` with the
   *   outcome `not-applied` is believed as it is.
   */
  commit(
    changes: readonly KeyValueChange[],
    conditions: readonly KeyValueCondition[],
    options: CallOptions,
  ): boolean | Promise<boolean>;
  /** The time of the space in milliseconds since the epoch: the same for all its users, as far as it can be. */
  now(): number | Promise<number>;
  /** Ends what this object opened; a client that was injected stays open. */
  close?(): void | Promise<void>;
}
