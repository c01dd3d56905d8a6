import type { CallOptions, FindOptions, JsonObject, JsonValue, Page, UpdateOptions } from "@relevo/core";
import type { MemoryEntry, Tier } from "./entry.ts";

export interface RememberOptions extends CallOptions {
  /** How long it is remembered. Without it a durable memory stays, a volatile one gets `volatileTtlMs`. */
  readonly ttlMs?: number | undefined;
  readonly tags?: readonly string[] | undefined;
  /** Names that begin with `relevo:` are reserved. */
  readonly metadata?: JsonObject | undefined;
  /** The version that the caller saw; 0 for "only if there is none". A stale one is `conflict` and changes nothing. */
  readonly expectedVersion?: number;
}

export interface TierOptions {
  /** Which tier is meant. `durable` when left out; for an agent in a session `volatile`, which lives with the session. */
  readonly tier?: Tier;
}

export interface RecallOptions extends CallOptions {
  /** Look only there. Left out: what was remembered last, wherever it is. */
  readonly tier?: Tier;
}

export interface ForgetOptions extends CallOptions {
  /** Forget only there. Left out: everywhere, so that `recall` gives `undefined` afterwards. */
  readonly tier?: Tier;
}

export interface EntriesOptions
  extends CallOptions,
    Pick<FindOptions, "tags" | "where" | "text" | "updatedSince" | "direction" | "limit" | "cursor"> {}

export interface TierEntriesOptions extends EntriesOptions {
  readonly tier?: "volatile" | "durable";
}

export interface UpdateMemoryOptions
  extends Omit<RememberOptions, "expectedVersion">,
    Pick<UpdateOptions, "attempts" | "backoffMs" | "random"> {}

/** Changes a value; may run several times, must have no effects. `undefined` writes nothing. */
export type ChangeValue = (current: JsonValue | undefined) => JsonValue | undefined;

/** The memory of one session's work in progress. Lives and dies with the session. */
export interface WorkingMemory {
  /** Stores the value under the key, in place of what was there. Creates the session when there is none. */
  remember(
    key: string,
    value: JsonValue,
    options?: RememberOptions & { readonly fence?: number },
  ): Promise<MemoryEntry>;
  /** The value, `undefined` when there is none. */
  recall(key: string, options?: CallOptions): Promise<JsonValue | undefined>;
  /** The value with its version, tags, metadata and times. */
  entry(key: string, options?: CallOptions): Promise<MemoryEntry | undefined>;
  /** False when there was nothing to forget. */
  forget(key: string, options?: CallOptions & { readonly fence?: number }): Promise<boolean>;
  /** One page, in the order of keys as UTF-8 bytes. */
  entries(options?: EntriesOptions): Promise<Page<MemoryEntry>>;
  /**
   * Reads, changes and writes back by compare-and-set: no concurrent update is lost. Keeps tags, metadata and
   * expiry unless they are given.
   *
   * @throws `conflict`, retryable, when others won every try.
   */
  update(
    key: string,
    change: ChangeValue,
    options?: UpdateMemoryOptions & { readonly fence?: number },
  ): Promise<MemoryEntry | undefined>;
  /** Forgets everything, page by page; returns how many there were. */
  clear(options?: CallOptions & { readonly fence?: number }): Promise<number>;
}

/**
 * What one agent knows, by key, in two tiers. `recall` returns what was remembered last: a volatile memory stands in
 * front of a durable one with the same key until it expires or is forgotten, and a durable `remember` removes it.
 *
 * With `both` the durable memory is the truth and the volatile copy carries its version. A copy that cannot be
 * written is removed and reads fall through to the durable memory; a durable failure is an error.
 */
export interface AgentMemory {
  readonly name: string;
  /**
   * Stores the value under the key, in place of what was there in that tier. Versions belong to a tier:
   * `expectedVersion` is the volatile one's for `volatile`, the durable one's otherwise.
   *
   * @throws `conflict`; `invalid-input`; `too-large`; what the tier's store throws.
   */
  remember(key: string, value: JsonValue, options?: RememberOptions & TierOptions): Promise<MemoryEntry>;
  /**
   * The value, `undefined` when there is none. When the volatile store fails, the durable memory is returned and
   * `onError` told; when there is no durable one either, the failure is thrown, because "none" is not known.
   */
  recall(key: string, options?: RecallOptions): Promise<JsonValue | undefined>;
  /** As `recall`, with version, tier, tags, metadata and times. */
  entry(key: string, options?: RecallOptions): Promise<MemoryEntry | undefined>;
  /** False when there was nothing to forget. A failure of either tier is thrown; forgetting again is safe. */
  forget(key: string, options?: ForgetOptions): Promise<boolean>;
  /** One page of one tier, in the order of keys as UTF-8 bytes. */
  entries(options?: TierEntriesOptions): Promise<Page<MemoryEntry>>;
  /**
   * Reads one tier, changes and writes back by compare-and-set: no concurrent update is lost. Keeps tags, metadata
   * and expiry unless they are given.
   *
   * @throws `conflict`, retryable, when others won every try.
   */
  update(
    key: string,
    change: ChangeValue,
    options?: UpdateMemoryOptions & TierOptions,
  ): Promise<MemoryEntry | undefined>;
}
