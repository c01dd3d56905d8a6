import type { SeqRange } from "@relevo/core";

/** How many of the ascending numbers are smaller than this one: where it stands, or would stand. */
export function countBelow(seqs: readonly number[], seq: number): number {
  let low = 0;
  let high = seqs.length;
  // Most questions are about the end of a log.
  if (high === 0 || (seqs[high - 1] as number) < seq) return high;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((seqs[middle] as number) < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Takes ascending numbers out of an ascending list. Few are cut out one by one, many in one pass from the first to the last. */
export function removeSeqs(seqs: number[], gone: readonly number[]): void {
  if (gone.length > 16) {
    let kept = countBelow(seqs, gone[0] as number);
    const end = countBelow(seqs, (gone.at(-1) as number) + 1);
    for (let index = kept, next = 0; index < end; index++) {
      const seq = seqs[index] as number;
      while ((gone[next] as number) < seq) next++;
      if (gone[next] !== seq) seqs[kept++] = seq;
    }
    seqs.splice(kept, end - kept);
    return;
  }
  for (const seq of gone) {
    const index = countBelow(seqs, seq);
    if (seqs[index] === seq) seqs.splice(index, 1);
  }
}

/** Puts ascending numbers into an ascending list that holds none of them. */
export function insertSeqs(seqs: number[], added: readonly number[]): void {
  const last = seqs.at(-1) ?? 0;
  if (added.length > 16 && (added[0] ?? 0) <= last) {
    const start = countBelow(seqs, added[0] as number);
    const merged = seqs.slice(start).concat(added);
    merged.sort((left, right) => left - right);
    for (let index = 0; index < merged.length; index++) seqs[start + index] = merged[index] as number;
    return;
  }
  for (const seq of added) {
    if (seq > (seqs.at(-1) ?? 0)) seqs.push(seq);
    else seqs.splice(countBelow(seqs, seq), 0, seq);
  }
}

/** Takes away what is smaller than this number. */
export function dropBelow(seqs: number[], seq: number): void {
  const count = countBelow(seqs, seq);
  if (count > 0) seqs.splice(0, count);
}

/** Whether any range shares a number with one of the others, which are ascending and apart. */
export function rangesMeet(ascending: readonly SeqRange[], ranges: readonly SeqRange[]): boolean {
  return ranges.some((range) => {
    let low = 0;
    let high = ascending.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((ascending[middle] as SeqRange).to < range.from) low = middle + 1;
      else high = middle;
    }
    const found = ascending[low];
    return found !== undefined && found.from <= range.to;
  });
}

/** Whether one of the ascending numbers lies in one of the ranges. */
export function anyInRanges(seqs: readonly number[], ranges: readonly SeqRange[]): boolean {
  return ranges.some((range) => {
    const found = seqs[countBelow(seqs, range.from)];
    return found !== undefined && found <= range.to;
  });
}
