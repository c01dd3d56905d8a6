export interface Scored<Value> {
  readonly value: Value;
  readonly score: number;
}

/** Collects the best values. Adding one takes time in the logarithm of the limit. */
export interface TopList<Value> {
  add(value: Value, score: number): void;
  /** A value with a lower score would not be kept. */
  worst(): number;
  /** The best values, best first. */
  take(): readonly Scored<Value>[];
}

/** A heap of at most `limit` values with the worst on top. Equal scores are ordered by `compare`, smallest first. */
export function createTopList<Value>(
  limit: number,
  compare: (left: Value, right: Value) => number,
): TopList<Value> {
  const heap: Scored<Value>[] = [];
  const order = (left: Scored<Value>, right: Scored<Value>): number =>
    right.score - left.score || compare(left.value, right.value);

  /** Whether what is at `left` has to leave before what is at `right`. */
  const isWorse = (left: Scored<Value>, right: Scored<Value>): boolean => order(left, right) > 0;

  function rise(place: number): void {
    for (let at = place; at > 0; ) {
      const parent = (at - 1) >> 1;
      const [above, below] = [heap[parent], heap[at]];
      if (above === undefined || below === undefined || !isWorse(below, above)) return;
      heap[parent] = below;
      heap[at] = above;
      at = parent;
    }
  }

  function sink(): void {
    for (let at = 0; ; ) {
      let worst = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        const [candidate, current] = [heap[child], heap[worst]];
        if (candidate !== undefined && current !== undefined && isWorse(candidate, current)) worst = child;
      }
      if (worst === at) return;
      const [above, below] = [heap[at], heap[worst]];
      if (above === undefined || below === undefined) return;
      heap[at] = below;
      heap[worst] = above;
      at = worst;
    }
  }

  return {
    add(value, score) {
      const added = { value, score };
      const [worst] = heap;
      if (heap.length < limit) {
        heap.push(added);
        rise(heap.length - 1);
      } else if (worst !== undefined && isWorse(worst, added)) {
        heap[0] = added;
        sink();
      }
    },
    worst: () => (heap.length < limit ? Number.NEGATIVE_INFINITY : (heap[0]?.score ?? 0)),
    take: () => heap.sort(order),
  };
}
