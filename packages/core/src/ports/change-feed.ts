import type { CallOptions } from "./common.ts";

/** A unit of atomic writes that was written: a session with its documents, or the documents of one owner. */
export type ChangedUnit = ChangedSession | ChangedOwner;

export interface ChangedSession {
  readonly kind: "session";
  readonly session: string;
  /** Of the session as it is when the page is read; absent when it has ended. */
  readonly incarnation?: string;
}

/** The documents that stand alone under this namespace: one or two elements, see `unitOf`. */
export interface ChangedOwner {
  readonly kind: "owner";
  readonly namespace: readonly string[];
}

export interface ChangesOptions extends CallOptions {
  /** Where the page before ended. Each consumer keeps its own; nothing is registered. */
  readonly cursor?: string | undefined;
  /**
   * Where a consumer without a cursor starts: at the `beginning`, the default, which reports every unit that the store
   * holds, or `now`, which returns no unit and a cursor for what is written from then on.
   */
  readonly from?: "beginning" | "now" | undefined;
  /** At most this many units; 1 to 1,000, 100 when left out. */
  readonly limit?: number | undefined;
}

export interface ChangesPage {
  /** In the order of their newest writes, as far as the store knows one; each unit once. */
  readonly units: readonly ChangedUnit[];
  /** For the next page, to be kept once the units of this one have been processed. Always present. */
  readonly cursor: string;
  /** True when there may be more now; a page may be short, or without units, and still be followed by more. */
  readonly more: boolean;
}

/**
 * Which units of a tenant were written since a consumer last looked: for indexes and caches that follow the store.
 *
 * - A unit is reported at the position of its newest write. A write moves it to the end, so a consumer sees a busy unit
 *   once for all the writes in between, and reads the unit to see what it holds. What it reads may be newer than what
 *   was reported; then the unit is reported again.
 * - At least once, and nothing is missed: a write that was acknowledged before a page was read is on that page, on
 *   an earlier one, or on a later one, even when writers overtake each other.
 * - Writes are: append, erase, trim and touch, seal, unseal and import, those of documents, and deletes. A unit that
 *   has ended is reported too, so that an index can drop it; one that expires is reported when the store removes it
 *   (see `Maintenance.expire`). What changes nothing is not reported, as a rule.
 * - A write costs one entry, which replaces the unit's previous one. Entries of units that have ended are kept for at
 *   least 7 days, or up to a bound that the store documents.
 */
export interface ChangeFeed {
  /**
   * The units that were written after the cursor. May lag on a cluster.
   *
   * @throws `history-lost` with `details.reason` = `changes` when the store no longer reaches back to the cursor, because
   *   it is too old or the store lost data: the consumer starts again `from` the beginning, or reads everything and
   *   starts `now`. `invalid-input` for a cursor of another kind of list, and for a cursor together with `from`.
   */
  changes(tenant: string, options?: ChangesOptions): Promise<ChangesPage>;
}
