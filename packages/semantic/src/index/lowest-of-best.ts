/** The lowest of the highest numbers that were added. */
export interface LowestOfBest {
  /** Adds a number, and answers the lowest of the `limit` highest; −∞ while there are fewer. */
  add(value: number): number;
}

/** A heap of the highest numbers with the lowest on top. */
export function lowestOfBest(limit: number): LowestOfBest {
  let heap = new Float64Array(16);
  let size = 0;

  function rise(value: number): void {
    let at = size++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if ((heap[parent] as number) <= value) break;
      heap[at] = heap[parent] as number;
      at = parent;
    }
    heap[at] = value;
  }

  function sink(value: number): void {
    let at = 0;
    for (let child = 1; child < size; child = 2 * at + 1) {
      if (child + 1 < size && (heap[child + 1] as number) < (heap[child] as number)) child++;
      if ((heap[child] as number) >= value) break;
      heap[at] = heap[child] as number;
      at = child;
    }
    heap[at] = value;
  }

  return {
    add(value) {
      if (size < limit) {
        if (size === heap.length) {
          const longer = new Float64Array(2 * size);
          longer.set(heap);
          heap = longer;
        }
        rise(value);
      } else if (value > (heap[0] as number)) sink(value);
      return size < limit ? Number.NEGATIVE_INFINITY : (heap[0] as number);
    },
  };
}
