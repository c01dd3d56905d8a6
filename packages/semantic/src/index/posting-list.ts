import { grown } from "./columns.ts";

/** The items that hold one term, by ascending number. Removed ones leave a count of 0 until enough of them are there. */
export class PostingList {
  items: Int32Array = new Int32Array(2);
  counts: Uint16Array = new Uint16Array(2);
  count = 0;
  holders = 0;

  /** `item` is above all that were added before. */
  add(item: number, counts: number): void {
    if (this.count === this.items.length) {
      this.items = grown(this.items, this.count + 1);
      this.counts = grown(this.counts, this.count + 1);
    }
    this.items[this.count] = item;
    this.counts[this.count] = counts;
    this.count++;
    this.holders++;
  }

  /** The counts of the item, 0 when it does not hold the term. */
  countsOf(item: number): number {
    const place = this.#placeOf(item);
    return this.items[place] === item && place < this.count ? (this.counts[place] ?? 0) : 0;
  }

  remove(item: number): void {
    const place = this.#placeOf(item);
    if (place >= this.count || this.items[place] !== item || this.counts[place] === 0) return;
    this.counts[place] = 0;
    this.holders--;
    if (this.count > 16 && this.holders * 2 < this.count) this.renumber((number) => number);
  }

  /** Drops what was removed and gives the rest new numbers, in the same order. */
  renumber(numberOf: (item: number) => number): void {
    let to = 0;
    for (let from = 0; from < this.count; from++) {
      const counts = this.counts[from] ?? 0;
      if (counts === 0) continue;
      this.items[to] = numberOf(this.items[from] ?? 0);
      this.counts[to] = counts;
      to++;
    }
    this.count = to;
    if (this.items.length > 4 * to + 16) {
      this.items = this.items.slice(0, 2 * to);
      this.counts = this.counts.slice(0, 2 * to);
    }
  }

  #placeOf(item: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.items[middle] ?? 0) < item) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
