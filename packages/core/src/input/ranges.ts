import type { SeqRange } from "../events.ts";

/** The same set of sequence numbers, ascending, with ranges that touch or overlap made one. */
export function normalizeRanges(ranges: readonly SeqRange[]): SeqRange[] {
  const merged: { from: number; to: number }[] = [];
  for (const range of [...ranges].sort((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last !== undefined && range.from <= last.to + 1) last.to = Math.max(last.to, range.to);
    else merged.push({ from: range.from, to: range.to });
  }
  return merged;
}

/** Ranges that hold exactly these sequence numbers. */
export function rangesOf(seqs: readonly number[]): SeqRange[] {
  return normalizeRanges(seqs.map((seq) => ({ from: seq, to: seq })));
}

export function rangesInclude(ranges: readonly SeqRange[], seq: number): boolean {
  return ranges.some((range) => range.from <= seq && seq <= range.to);
}

export function rangesIntersect(left: readonly SeqRange[], right: readonly SeqRange[]): boolean {
  return left.some((a) => right.some((b) => a.from <= b.to && b.from <= a.to));
}

export function countRanges(ranges: readonly SeqRange[]): number {
  return normalizeRanges(ranges).reduce((sum, range) => sum + range.to - range.from + 1, 0);
}
