import type { SeqRange } from "../events.ts";
import { normalizeRanges } from "./ranges.ts";
import { sortedIntersect, sortedTouch } from "./sorted-ranges.ts";

/** Sequence numbers that ranges are added to. Adding and asking cost a logarithm of what is in it, for each range. */
export interface RangeSet {
  /** Ascending and disjoint. */
  add(ranges: readonly SeqRange[]): void;
  includes(seq: number): boolean;
  intersects(ranges: readonly SeqRange[]): boolean;
}

/**
 * Kept in lists of falling length, each more than twice as long as the next: what is added is merged with those that are not
 * longer, so that each range is merged a logarithm of times. One sorted list would move all of it for each one added.
 */
export function createRangeSet(): RangeSet {
  const lists: (readonly SeqRange[])[] = [];
  const touches = (range: SeqRange): boolean => lists.some((list) => sortedTouch(list, range));
  return {
    add(ranges) {
      let merged = ranges;
      for (
        let last = lists.at(-1);
        last !== undefined && last.length <= merged.length * 2;
        last = lists.at(-1)
      ) {
        merged = normalizeRanges([...last, ...merged]);
        lists.pop();
      }
      lists.push(merged);
    },
    includes: (seq) => touches({ from: seq, to: seq }),
    intersects: (ranges) =>
      lists.some((list) =>
        ranges.length < list.length
          ? ranges.some((range) => sortedTouch(list, range))
          : sortedIntersect(list, ranges),
      ),
  };
}
