/** Something that may have a lifetime. The queue keeps `queuedAt`; the owner keeps the rest. */
export interface Expiring {
  /** When it is gone, in milliseconds since the epoch by the store's clock. */
  expiresAt: number | undefined;
  /** The earliest time for which the queue holds an entry of it. */
  queuedAt: number | undefined;
  /** True once it was removed for whatever reason: its entries mean nothing any more. */
  ended: boolean;
}

interface Entry<Item> {
  readonly at: number;
  readonly item: Item;
}

/**
 * A binary heap of what expires, by time, that is brought up to date late: a lifetime that grows (with each append)
 * leaves its entry where it is, and the entry is put back when its time comes. So a refresh costs one comparison.
 */
export class ExpiryQueue<Item extends Expiring> {
  #heap: Entry<Item>[] = [];
  #ended = 0;

  /** Makes sure that the item is looked at when its time comes. */
  schedule(item: Item): void {
    if (item.expiresAt === undefined) return;
    if (item.queuedAt !== undefined && item.queuedAt <= item.expiresAt) return;
    item.queuedAt = item.expiresAt;
    this.#push({ at: item.expiresAt, item });
  }

  /** Tells the queue that an item ended, so that it can let go of it before its time. */
  forget(item: Item): void {
    if (item.queuedAt === undefined) return;
    this.#ended++;
    if (this.#ended < 1000 || this.#ended * 2 < this.#heap.length) return;
    this.#heap = this.#heap.filter((entry) => !entry.item.ended).sort((left, right) => left.at - right.at);
    this.#ended = 0;
  }

  /** The next item whose time has come, `undefined` when there is none. It leaves the queue. */
  takeDue(now: number): Item | undefined {
    for (;;) {
      const top = this.#heap[0];
      if (top === undefined || top.at > now) return undefined;
      this.#pop();
      const { item } = top;
      if (item.ended) this.#ended = Math.max(0, this.#ended - 1);
      // An earlier entry was pushed when the lifetime was cut: this one is a leftover.
      if (item.ended || item.queuedAt !== top.at) continue;
      item.queuedAt = undefined;
      if (item.expiresAt !== undefined && item.expiresAt <= now) return item;
      this.schedule(item);
    }
  }

  #push(entry: Entry<Item>): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(entry);
    while (index > 0) {
      const parent = (index - 1) >>> 1;
      if ((heap[parent] as Entry<Item>).at <= entry.at) break;
      heap[index] = heap[parent] as Entry<Item>;
      index = parent;
    }
    heap[index] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const entry = heap.pop() as Entry<Item>;
    if (heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = index * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && (heap[child + 1] as Entry<Item>).at < (heap[child] as Entry<Item>).at)
        child++;
      if ((heap[child] as Entry<Item>).at >= entry.at) break;
      heap[index] = heap[child] as Entry<Item>;
      index = child;
    }
    heap[index] = entry;
  }
}
