import type { StoredEvent } from "../events.ts";
import { rangesInclude } from "../input/ranges.ts";

/** The most pinned messages that a read answers from below its page. */
export const maxPinnedBelow = 100;

/** Among how many of the newest effective summaries of a log those in force are looked for. */
export const maxSummariesLookedAt = 32;

/** The summaries that no later one names in its `derivedFrom`, of these effective ones; newest first in and out. */
export function summariesInForce(newestFirst: readonly StoredEvent[]): readonly StoredEvent[] {
  const inForce: StoredEvent[] = [];
  for (const [index, summary] of newestFirst.entries()) {
    const isNamed = newestFirst
      .slice(0, index)
      .some(({ derivedFrom }) => derivedFrom !== undefined && rangesInclude(derivedFrom, summary.seq));
    if (!isNamed) inForce.push(summary);
  }
  return inForce;
}
