import type { SeqRange } from "@relevo/core";
import { normalizeRanges } from "@relevo/core/input";

/** The parts of `ranges` that are not in `removed`, ascending. */
export function subtractRanges(ranges: readonly SeqRange[], removed: readonly SeqRange[]): SeqRange[] {
  const cuts = normalizeRanges(removed);
  const left: SeqRange[] = [];
  let next = 0;
  for (const range of normalizeRanges(ranges)) {
    let from = range.from;
    while (next < cuts.length && (cuts[next]?.to ?? 0) < from) next++;
    for (let index = next; index < cuts.length; index++) {
      const cut = cuts[index];
      if (cut === undefined || cut.from > range.to) break;
      if (cut.from > from) left.push({ from, to: cut.from - 1 });
      from = Math.max(from, cut.to + 1);
    }
    if (from <= range.to) left.push({ from, to: range.to });
  }
  return left;
}
