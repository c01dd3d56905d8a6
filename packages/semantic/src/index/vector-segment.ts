import { refuse } from "@relevo/core/input";
import { grown } from "./columns.ts";

/** Of cosines, so that rounding in the vectors decides no order. */
const precision = 1e5;

/** The vectors of a tenant, each of length 1, one behind the other. Removed ones are replaced by the last. */
export class VectorSegment {
  #dimensions = 0;
  #values: Float32Array = new Float32Array(0);
  #items: Int32Array = new Int32Array(16);
  #count = 0;
  readonly #places: Map<number, number> = new Map();

  /** @throws `invalid-input` when it is of another length than those that are there. */
  check(vector: readonly number[], field: string): void {
    if (this.#count > 0 && vector.length !== this.#dimensions) {
      const problem = `has ${vector.length} dimensions, and the index ${this.#dimensions}. Use one embedding model for an index, or rebuild it.`;
      throw refuse(field, problem, { dimensions: this.#dimensions });
    }
  }

  add(item: number, vector: readonly number[]): void {
    if (this.#count === 0) this.#dimensions = vector.length;
    if (this.#count === this.#items.length) this.#items = grown(this.#items, this.#count + 1);
    const start = this.#count * this.#dimensions;
    if (this.#values.length < start + this.#dimensions)
      this.#values = grown(this.#values, start + this.#dimensions);
    const length = norm(vector);
    for (let index = 0; index < this.#dimensions; index++)
      this.#values[start + index] = (vector[index] ?? 0) / length;
    this.#items[this.#count] = item;
    this.#places.set(item, this.#count);
    this.#count++;
  }

  remove(item: number): void {
    const place = this.#places.get(item);
    if (place === undefined) return;
    const last = --this.#count;
    const moved = this.#items[last] ?? 0;
    const size = this.#dimensions;
    this.#values.copyWithin(place * size, last * size, (last + 1) * size);
    // What was removed must not stay in memory.
    this.#values.fill(0, last * size, (last + 1) * size);
    this.#items[place] = moved;
    this.#places.set(moved, place);
    this.#places.delete(item);
  }

  of(item: number): readonly number[] | undefined {
    const place = this.#places.get(item);
    if (place === undefined) return undefined;
    return [...this.#values.subarray(place * this.#dimensions, (place + 1) * this.#dimensions)];
  }

  renumber(numberOf: (item: number) => number): void {
    this.#places.clear();
    for (let place = 0; place < this.#count; place++) {
      const item = numberOf(this.#items[place] ?? 0);
      this.#items[place] = item;
      this.#places.set(item, place);
    }
  }

  /** The nearest items that are allowed, best first, with their cosines; exact. */
  nearest(
    vector: readonly number[],
    limit: number,
    allows: (item: number) => boolean,
    compare: (left: number, right: number) => number,
  ): { readonly items: Int32Array; readonly cosines: Float64Array } {
    const length = norm(vector);
    const query = Float64Array.from(vector, (value) => value / length);
    const found: { readonly item: number; readonly cosine: number }[] = [];
    for (let place = 0; place < this.#count; place++) {
      const item = this.#items[place] ?? 0;
      if (!allows(item)) continue;
      let cosine = 0;
      const start = place * this.#dimensions;
      for (let index = 0; index < this.#dimensions; index++)
        cosine += (query[index] ?? 0) * (this.#values[start + index] ?? 0);
      found.push({ item, cosine: Math.round(cosine * precision) / precision });
    }
    found.sort((a, b) => b.cosine - a.cosine || compare(a.item, b.item));
    const best = found.slice(0, limit);
    return {
      items: Int32Array.from(best, ({ item }) => item),
      cosines: Float64Array.from(best, ({ cosine }) => cosine),
    };
  }
}

function norm(vector: readonly number[]): number {
  let sum = 0;
  for (const value of vector) sum += value * value;
  return Math.sqrt(sum);
}
