/** The most items in one chunk before it is cut in two. Moving 512 pointers costs less than following a tree. */
const maxChunk = 512;

/**
 * Items in a total order, each once, as a list of short sorted arrays. Adding and removing cost a binary search and
 * the move of at most one chunk, whatever the size; items that come in order go to the end at once.
 *
 * A walk must not be mixed with changes: take what is needed from it first.
 */
export class SortedSet<Item> {
  readonly #compare: (left: Item, right: Item) => number;
  #chunks: Item[][] = [];
  #size = 0;

  constructor(compare: (left: Item, right: Item) => number) {
    this.#compare = compare;
  }

  get size(): number {
    return this.#size;
  }

  add(item: Item): void {
    const lastChunk = this.#chunks.at(-1);
    const last = lastChunk?.at(-1);
    if (lastChunk === undefined || last === undefined) {
      this.#chunks = [[item]];
      this.#size = 1;
      return;
    }
    if (this.#compare(last, item) < 0) {
      // A full last chunk is left full, not cut: ids made in order of time would leave every chunk half empty.
      if (lastChunk.length < maxChunk) lastChunk.push(item);
      else this.#chunks.push([item]);
      this.#size++;
      return;
    }
    const chunkIndex = this.#chunkFor(item);
    const chunk = this.#chunks[chunkIndex] as Item[];
    const index = this.#position(chunk, item, false);
    if (index < chunk.length && this.#compare(chunk[index] as Item, item) === 0) return;
    chunk.splice(index, 0, item);
    this.#size++;
    if (chunk.length > maxChunk) this.#chunks.splice(chunkIndex + 1, 0, chunk.splice(maxChunk / 2));
  }

  delete(item: Item): boolean {
    if (this.#size === 0) return false;
    const chunkIndex = this.#chunkFor(item);
    const chunk = this.#chunks[chunkIndex];
    if (chunk === undefined) return false;
    const index = this.#position(chunk, item, false);
    if (index >= chunk.length || this.#compare(chunk[index] as Item, item) !== 0) return false;
    chunk.splice(index, 1);
    if (chunk.length === 0) this.#chunks.splice(chunkIndex, 1);
    this.#size--;
    return true;
  }

  /** The items from this one on, ascending; it is left out unless `inclusive`. Without it, all. */
  *ascending(from?: Item, inclusive = true): Generator<Item, void, void> {
    if (this.#size === 0) return;
    let chunkIndex = from === undefined ? 0 : this.#chunkFor(from);
    let index = from === undefined ? 0 : this.#position(this.#chunks[chunkIndex] as Item[], from, !inclusive);
    for (; chunkIndex < this.#chunks.length; chunkIndex++, index = 0) {
      const chunk = this.#chunks[chunkIndex] as Item[];
      for (; index < chunk.length; index++) yield chunk[index] as Item;
    }
  }

  /** The items from this one on, descending; it is left out unless `inclusive`. Without it, all. */
  *descending(from?: Item, inclusive = true): Generator<Item, void, void> {
    if (this.#size === 0) return;
    let chunkIndex = from === undefined ? this.#chunks.length - 1 : this.#chunkFor(from);
    let chunk = this.#chunks[chunkIndex] as Item[];
    let index = (from === undefined ? chunk.length : this.#position(chunk, from, inclusive)) - 1;
    for (;;) {
      for (; index >= 0; index--) yield chunk[index] as Item;
      if (--chunkIndex < 0) return;
      chunk = this.#chunks[chunkIndex] as Item[];
      index = chunk.length - 1;
    }
  }

  /** The first chunk whose last item is not before this one, or the last chunk. */
  #chunkFor(item: Item): number {
    let low = 0;
    let high = this.#chunks.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const chunk = this.#chunks[middle] as Item[];
      if (this.#compare(chunk[chunk.length - 1] as Item, item) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** How many items of the chunk come before this one; with `past`, itself counted. */
  #position(chunk: readonly Item[], item: Item, past: boolean): number {
    let low = 0;
    let high = chunk.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const order = this.#compare(chunk[middle] as Item, item);
      if (order < 0 || (past && order === 0)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
