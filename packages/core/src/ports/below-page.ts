import type { StoredEvent } from "../events.ts";

export type BelowPart = "pinned" | "summaries";

/**
 * What is below a page: older than its oldest event, or anywhere when it has none. Effective events with their
 * content only, ascending. The cost follows what is returned, not the length of the log.
 */
export interface BelowPage {
  /** Pinned messages: the newest `maxPinnedBelow` (100). */
  readonly pinned?: readonly StoredEvent[];
  /** True when there are older pinned messages; they are read with `pinned` and `before`. */
  readonly morePinned?: true;
  /**
   * Summaries in force: those that no later effective summary names in its `derivedFrom`. Searched for among the newest
   * `maxSummariesLookedAt` (32) effective summaries of the whole log.
   */
  readonly summaries?: readonly StoredEvent[];
  /** True when there are older summaries that were not searched. */
  readonly moreSummaries?: true;
}
