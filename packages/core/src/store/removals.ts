import type { SeqRange } from "../events.ts";
import { normalizeRanges } from "../input/ranges.ts";

/** Events that one erasure, retraction or trim took out, and the session's `revision` after it. */
export interface RemovedRange extends SeqRange {
  readonly revision: number;
}

/**
 * The most removed ranges that a session remembers. Beyond it the oldest half becomes the one range that spans it,
 * removed at the newest of their revisions: a derived event may then be refused although nothing that it names was
 * removed since, and its writer reads again. What must be refused always is.
 */
export const maxRemovedRanges = 128;

/** The removed ranges, by ascending revision, with one removal more; within `maxRemovedRanges`. */
export function addRemoval(
  removed: readonly RemovedRange[],
  revision: number,
  ranges: readonly SeqRange[],
): readonly RemovedRange[] {
  return boundRemovals(removed.concat(normalizeRanges(ranges).map((range) => ({ ...range, revision }))));
}

/** What was removed in either of two copies of a session. */
export function mergeRemovals(
  ours: readonly RemovedRange[],
  theirs: readonly RemovedRange[],
): readonly RemovedRange[] {
  const known = new Set(ours.map(keyOf));
  const added = theirs.filter((range) => !known.has(keyOf(range)));
  if (added.length === 0) return ours;
  return boundRemovals([...ours, ...added].sort((left, right) => left.revision - right.revision));
}

/** Whether an event in these ranges, ascending and apart, was removed after the revision. */
export function wasRemovedSince(
  removed: readonly RemovedRange[],
  revision: number,
  ranges: readonly SeqRange[],
): boolean {
  const since = normalizeRanges(removed.filter((range) => range.revision > revision));
  let index = 0;
  for (const { from, to } of since) {
    while (index < ranges.length && (ranges[index] as SeqRange).to < from) index++;
    const range = ranges[index];
    if (range === undefined) return false;
    if (range.from <= to) return true;
  }
  return false;
}

function boundRemovals(removed: readonly RemovedRange[]): readonly RemovedRange[] {
  const spanned = removed.length - maxRemovedRanges / 2;
  if (removed.length <= maxRemovedRanges) return removed;
  const oldest = removed.slice(0, spanned);
  let { from, to, revision } = oldest[0] as RemovedRange;
  for (const range of oldest) {
    from = Math.min(from, range.from);
    to = Math.max(to, range.to);
    revision = range.revision;
  }
  return [{ from, to, revision }, ...removed.slice(spanned)];
}

function keyOf({ from, to, revision }: RemovedRange): string {
  return `${revision}:${from}-${to}`;
}
