import type { CallOptions, FindOptions, JsonObject, JsonValue, Page, UpdateOptions } from "@relevo/core";
import type { MemoryEntry, Tier } from "../entries/entry.ts";
import type { KeyedValue } from "../entries/keyed-values.ts";
import type { ValueChange } from "../history/diff-values.ts";
import type { PastEntry } from "../history/past-values.ts";
import type { LearningAgent } from "./outcome.ts";

export interface MemoryWriteOptions extends CallOptions {
  /**
   * Makes a retry safe, as for an append: the same request under one id is applied once, also when others have written
   * since; another request under it is `conflict`. Known in this memory, each tier of it, for at least 24 hours.
   */
  readonly operationId?: string;
}

export interface RememberOptions extends MemoryWriteOptions {
  /** How long the value is remembered. Left out, a durable value stays and a volatile one gets `volatileTtlMs`. */
  readonly ttlMs?: number | undefined;
  readonly tags?: readonly string[] | undefined;
  /** What kind of knowledge it is: one name, which `entries({ category })` finds by an index. */
  readonly category?: string | undefined;
  /** Names that start with `relevo:` are reserved. */
  readonly metadata?: JsonObject | undefined;
  /** The version that the caller read; 0 for "only if there is none". A stale one is `conflict` and changes nothing. */
  readonly expectedVersion?: number;
}

export interface TierOptions {
  /** The tier to use: `durable` when left out; for an agent in a session `volatile`, which lives with the session. */
  readonly tier?: Tier;
  /** Why it is written, for the history of the value. */
  readonly reason?: string | undefined;
}

export interface HistoryListOptions extends CallOptions {
  /** The most values, from 1 to 100; 20 when left out. */
  readonly limit?: number | undefined;
}

export interface RevertOptions extends MemoryWriteOptions {
  /** Why; that it is a revert, and to which version, when left out. */
  readonly reason?: string | undefined;
}

export interface SupersedingOptions {
  /**
   * Keys of the same durable memory in whose place this value holds from now on: searches put it before them. One of them that
   * is remembered anew holds again.
   */
  readonly supersedes?: readonly string[] | undefined;
}

export interface RecallOptions extends CallOptions {
  /** Reads only this tier. Left out, the value that was remembered last is returned, from either tier. */
  readonly tier?: Tier;
}

export interface ForgetOptions extends MemoryWriteOptions {
  /** Forgets only in this tier. Left out, both tiers are cleared, and `recall` returns `undefined` afterwards. */
  readonly tier?: Tier;
}

export interface EntriesOptions
  extends CallOptions,
    Pick<FindOptions, "tags" | "where" | "text" | "updatedSince" | "direction" | "limit" | "cursor"> {
  /** Only those of this category. */
  readonly category?: string;
}

export interface TierEntriesOptions extends EntriesOptions {
  readonly tier?: "volatile" | "durable";
}

export interface UpdateMemoryOptions
  extends Omit<RememberOptions, "expectedVersion">,
    Pick<UpdateOptions, "attempts" | "backoffMs" | "random"> {}

/** Computes the new value. It may run several times and must have no side effects. `undefined` writes nothing. */
export type ChangeValue = (current: JsonValue | undefined) => JsonValue | undefined;

/** The memory of one session's work in progress. It has the lifetime of the session. */
export interface WorkingMemory {
  /** Stores the value under the key and replaces the previous one. Creates the session when there is none. */
  remember(
    key: string,
    value: JsonValue,
    options?: RememberOptions & { readonly fence?: number },
  ): Promise<MemoryEntry>;
  /** The value; `undefined` when there is none. */
  recall(key: string, options?: CallOptions): Promise<JsonValue | undefined>;
  /** The value with its version, tags, metadata and times. */
  entry(key: string, options?: CallOptions): Promise<MemoryEntry | undefined>;
  /** Returns false when there was nothing to forget. */
  forget(key: string, options?: MemoryWriteOptions & { readonly fence?: number }): Promise<boolean>;
  /** One page, in the order of keys as UTF-8 bytes. */
  entries(options?: EntriesOptions): Promise<Page<MemoryEntry>>;
  /**
   * Reads, changes and writes back by compare-and-set: no concurrent update is lost. Keeps tags, metadata and
   * expiry unless they are given. A retry under an operation id returns the entry as it is now.
   *
   * @throws `conflict`, retryable, when other writers changed the value during every try.
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
 * A memory by key, in two tiers. `recall` returns what was remembered last: a volatile value hides a durable one with the
 * same key until it expires or is forgotten, and a durable `remember` removes it.
 *
 * With `both`, the durable value is authoritative and the volatile copy carries its version. A copy that cannot be
 * written is removed, and reads use the durable value; a durable failure is an error.
 */
export interface KeyedMemory {
  /**
   * Stores the value under the key and replaces the previous one in that tier. Each tier has its own versions:
   * `expectedVersion` is the volatile version for `volatile`, the durable version otherwise.
   *
   * @throws `conflict`; `invalid-input`; `too-large`; what the tier's store throws.
   */
  remember(
    key: string,
    value: JsonValue,
    options?: RememberOptions & TierOptions & SupersedingOptions,
  ): Promise<MemoryEntry>;
  /**
   * Remembers several durable values, all or none: each key once, and as many as `limits.batchItems` of the store, or
   * half of them where old values are kept (and `batchBytes` together with those). Otherwise
   * as `remember`; what the volatile tier has of these keys is removed.
   *
   * @throws as `remember`; `conflict`, retryable, when others wrote first in each of 10 tries.
   */
  rememberMany(entries: readonly KeyedValue[], options?: MemoryWriteOptions): Promise<readonly MemoryEntry[]>;
  /**
   * The value; `undefined` when there is none. When the volatile store fails, the durable value is returned and the
   * failure goes to `onError`. When there is no durable value either, the failure is thrown: whether there is a value
   * is not known.
   */
  recall(key: string, options?: RecallOptions): Promise<JsonValue | undefined>;
  /** As `recall`, with version, tier, tags, metadata and times. */
  entry(key: string, options?: RecallOptions): Promise<MemoryEntry | undefined>;
  /** Returns false when there was nothing to forget. A failure of either tier is thrown; a retry is safe. */
  forget(key: string, options?: ForgetOptions): Promise<boolean>;
  /** One page of one tier, in the order of keys as UTF-8 bytes. */
  entries(options?: TierEntriesOptions): Promise<Page<MemoryEntry>>;
  /**
   * Reads one tier, changes and writes back by compare-and-set: no concurrent update is lost. Keeps tags, metadata
   * and expiry unless they are given. A retry under an operation id returns the entry as it is now.
   *
   * @throws `conflict`, retryable, when other writers changed the value during every try.
   */
  update(
    key: string,
    change: ChangeValue,
    options?: UpdateMemoryOptions & TierOptions,
  ): Promise<MemoryEntry | undefined>;
  /**
   * The durable values that were under this key before the one that is there now, newest first: as many as
   * `createMemory({ history })` keeps, from when it does. Empty when there is no value: `forget` forgets them too.
   */
  history(key: string, options?: HistoryListOptions): Promise<readonly PastEntry[]>;
  /**
   * What is different between two versions of the durable value; `to` is the present one when left out.
   *
   * @throws `not-found` for a version that is not kept.
   */
  diff(key: string, from: number, to?: number, options?: CallOptions): Promise<readonly ValueChange[]>;
  /**
   * Remembers a past value again, with its tags, category and metadata, as a new version.
   *
   * @throws `not-found` for a version that is not kept; as `remember`.
   */
  revert(key: string, version: number, options?: RevertOptions): Promise<MemoryEntry>;
}

/**
 * What one agent knows across sessions, and how its work ended. All sessions of the tenant share it: what concerns one
 * person belongs to `for`.
 */
export interface AgentMemory extends KeyedMemory, LearningAgent {
  readonly name: string;
  /**
   * What this agent keeps about one person: a memory of its own for each, which no other person's session reads, and which
   * the person's erasure finds.
   */
  for(user: UserReference): UserNotes;
}

/** A person: the id, `tenant.user(id)`, or `session.user`. */
export type UserReference =
  | string
  | { readonly tenant: string; readonly id: string | ((options?: CallOptions) => Promise<string>) };

/** What one agent keeps about one person. */
export interface UserNotes extends KeyedMemory {
  /** Of the agent. */
  readonly name: string;
}
