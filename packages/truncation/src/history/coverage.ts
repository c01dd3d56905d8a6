import type { SeqRange } from "@relevo/core";

/**
 * Disjoint ranges of any number of summaries, in descending order: a log is read backward, so additions are usually at
 * the end.
 */
export class Coverage {
  readonly #ranges: SeqRange[] = [];

  has(seq: number): boolean {
    return this.#touches({ from: seq, to: seq });
  }

  intersects(ranges: readonly SeqRange[]): boolean {
    return ranges.some((range) => this.#touches(range));
  }

  /** Adds ranges that are disjoint from the present ones. */
  add(ranges: readonly SeqRange[]): void {
    for (const range of ranges.toReversed()) {
      const place = this.#firstNotAbove(range.to);
      if (place === this.#ranges.length) this.#ranges.push(range);
      else this.#ranges.splice(place, 0, range);
    }
  }

  #touches({ from, to }: SeqRange): boolean {
    const found = this.#ranges[this.#firstNotAbove(to)];
    return found !== undefined && found.to >= from;
  }

  /** The index of the highest range that starts at this number or below. */
  #firstNotAbove(seq: number): number {
    let [low, high] = [0, this.#ranges.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ranges[middle]?.from ?? 0) > seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
