import type { SeqRange } from "@relevo/core";

/**
 * Ranges that are apart, of any number of summaries. They are kept in descending order, because a log is read
 * backward: what is added belongs to the end as a rule.
 */
export class Coverage {
  readonly #ranges: SeqRange[] = [];

  has(seq: number): boolean {
    return this.#touches({ from: seq, to: seq });
  }

  intersects(ranges: readonly SeqRange[]): boolean {
    return ranges.some((range) => this.#touches(range));
  }

  /** Adds ranges that are apart from all that are here. */
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

  /** The place of the highest range that begins at this number or below it. */
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
