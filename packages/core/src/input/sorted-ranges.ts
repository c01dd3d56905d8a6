import type { SeqRange } from "../events.ts";

/** Whether one of these ascending, disjoint ranges contains the number. Logarithmic. */
export function sortedInclude(ranges: readonly SeqRange[], seq: number): boolean {
  const found = ranges[firstEndingAt(ranges, seq)];
  return found !== undefined && found.from <= seq;
}

/** Whether one of these ascending, disjoint ranges intersects this one. Logarithmic. */
export function sortedTouch(ranges: readonly SeqRange[], { from, to }: SeqRange): boolean {
  const found = ranges[firstEndingAt(ranges, from)];
  return found !== undefined && found.from <= to;
}

/** Whether two lists of ascending, disjoint ranges intersect. Linear. */
export function sortedIntersect(left: readonly SeqRange[], right: readonly SeqRange[]): boolean {
  let [at, other] = [0, 0];
  for (;;) {
    const [one, two] = [left[at], right[other]];
    if (one === undefined || two === undefined) return false;
    if (one.from <= two.to && two.from <= one.to) return true;
    if (one.to < two.to) at += 1;
    else other += 1;
  }
}

/** The numbers of the first list that are not in the second; both ascending and disjoint. Linear. */
export function sortedSubtract(ranges: readonly SeqRange[], gone: readonly SeqRange[]): SeqRange[] {
  const left: SeqRange[] = [];
  let at = 0;
  for (const range of ranges) {
    let { from } = range;
    while ((gone[at]?.to ?? Number.POSITIVE_INFINITY) < from) at += 1;
    for (let hole = gone[at]; hole !== undefined && hole.from <= range.to; hole = gone[at]) {
      if (hole.from > from) left.push({ from, to: hole.from - 1 });
      from = hole.to + 1;
      // It may reach into the next range.
      if (hole.to > range.to) break;
      at += 1;
    }
    if (from <= range.to) left.push({ from, to: range.to });
  }
  return left;
}

/** The index of the first range that ends at this number or after it. */
function firstEndingAt(ranges: readonly SeqRange[], seq: number): number {
  let [low, high] = [0, ranges.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ranges[middle]?.to ?? 0) < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}
