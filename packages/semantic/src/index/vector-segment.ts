import { refuse } from "@relevo/core/input";
import { createTopList } from "../scoring/top-list.ts";
import { grown } from "./columns.ts";
import { lowestOfBest } from "./lowest-of-best.ts";
import { rowsAtOnce, VectorBlock } from "./vector-block.ts";
import type { DotKernel } from "./vector-kernel.ts";
import { lengthOf, strideOf, type VectorQuery, vectorQuery } from "./vector-query.ts";

/** Of cosines, so that rounding in the vectors decides no order. */
const precision = 1e5;
/** A vector whose squared length is no further off is stored as it is, so that storing it again changes nothing. */
const unitError = 2 ** -22;

const blockBytes = 16 * 1024 ** 2;
/** A tenant with fewer vectors has one small block in JavaScript: memory for the kernel comes in large pieces. */
const fewRows = 1024;
const firstRows = 16;

export interface VectorSegmentOptions {
  /** Called when there are enough vectors for it. */
  readonly kernel: () => DotKernel | undefined;
  /** Whether rows are also kept as bytes, which are scanned in their place. */
  readonly quantized: boolean;
}

export interface NearestItems {
  readonly items: Int32Array;
  readonly cosines: Float64Array;
}

/**
 * The vectors of a tenant, each of length 1, row behind row. Removed ones are replaced by the last.
 *
 * Scores of a scan, in floats or in bytes, are estimates whose error has a bound. Every row that may be among the best by
 * it is scored again in 64 bits. So the result is exact, and the same with the kernel, with bytes, and in JavaScript.
 */
export class VectorSegment {
  readonly #options: VectorSegmentOptions;
  #dimensions = 0;
  #stride = 0;
  #blockRows = 0;
  #blocks: VectorBlock[] = [];
  #items: Int32Array = new Int32Array(firstRows);
  #count = 0;
  /** One more than the row of each item; 0 for none. */
  #rows: Int32Array = new Int32Array(firstRows);

  constructor(options: VectorSegmentOptions) {
    this.#options = options;
  }

  /** @throws `invalid-input` when it is of another length than those that are there. */
  check(vector: readonly number[], field: string): void {
    if (this.#count > 0 && vector.length !== this.#dimensions) {
      const problem = `has ${vector.length} dimensions, and the index ${this.#dimensions}. Use one embedding model for an index, or rebuild it.`;
      throw refuse(field, problem, { dimensions: this.#dimensions });
    }
  }

  add(item: number, vector: readonly number[]): void {
    if (this.#count === 0) this.#start(vector.length);
    const row = this.#count++;
    if (row === this.#items.length) this.#items = grown(this.#items, row + 1);
    if (item >= this.#rows.length) this.#rows = grown(this.#rows, item + 1);
    const length = lengthOf(vector);
    const isUnit = Math.abs(length * length - 1) < unitError;
    this.#makeRoom(row);
    this.#blockOf(row).write(row % this.#blockRows, isUnit ? vector : vector.map((value) => value / length));
    this.#items[row] = item;
    this.#rows[item] = row + 1;
  }

  remove(item: number): void {
    const row = (this.#rows[item] ?? 0) - 1;
    if (row < 0) return;
    const last = --this.#count;
    const moved = this.#items[last] as number;
    if (row !== last) this.#blockOf(row).write(row % this.#blockRows, this.#values(last));
    // What was removed must not stay in memory.
    this.#blockOf(last).erase(last % this.#blockRows);
    this.#items[row] = moved;
    this.#rows[moved] = row + 1;
    this.#rows[item] = 0;
    this.#blocks.length = Math.ceil(this.#count / this.#blockRows);
  }

  of(item: number): readonly number[] | undefined {
    const row = (this.#rows[item] ?? 0) - 1;
    return row < 0 ? undefined : [...this.#values(row).subarray(0, this.#dimensions)];
  }

  renumber(numberOf: (item: number) => number): void {
    const rows = new Int32Array(Math.max(firstRows, this.#count));
    this.#rows = rows;
    for (let row = 0; row < this.#count; row++) {
      const item = numberOf(this.#items[row] as number);
      this.#items[row] = item;
      if (item >= this.#rows.length) this.#rows = grown(this.#rows, item + 1);
      this.#rows[item] = row + 1;
    }
  }

  /** The nearest items that are allowed, best first, with their cosines; exact. */
  nearest(
    vector: readonly number[],
    limit: number,
    allows: (item: number) => boolean,
    compare: (left: number, right: number) => number,
  ): NearestItems {
    if (this.#count === 0) return { items: new Int32Array(0), cosines: new Float64Array(0) };
    this.check(vector, "request.vector");
    const query = vectorQuery(vector);
    const top = createTopList<number>(limit, compare);
    for (const row of this.#candidates(query, limit, allows)) {
      const cosine = this.#blockOf(row).exact(query, row % this.#blockRows);
      top.add(this.#items[row] as number, Math.round(cosine * precision) / precision);
    }
    const best = top.take();
    return {
      items: Int32Array.from(best, ({ value }) => value),
      cosines: Float64Array.from(best, ({ score }) => score),
    };
  }

  /** Rows that may be among the best, whatever the error of their estimates is. */
  #candidates(query: VectorQuery, limit: number, allows: (item: number) => boolean): readonly number[] {
    const least = lowestOfBest(limit);
    const rows: number[] = [];
    const highest: number[] = [];
    let threshold = Number.NEGATIVE_INFINITY;
    for (const [number, block] of this.#blocks.entries()) {
      const first = number * this.#blockRows;
      const rowsHere = Math.min(this.#blockRows, this.#count - first);
      const { lost } = block;
      const common = block.error(query);
      block.ask(query);
      for (let from = 0; from < rowsHere; from += rowsAtOnce) {
        const to = Math.min(rowsHere, from + rowsAtOnce);
        const scores = block.scores(query, from, to);
        const errors = lost?.subarray(from, to);
        const size = to - from;
        let place = nextAbove(scores, errors, threshold - common, 0, size);
        for (; place < size; place = nextAbove(scores, errors, threshold - common, place + 1, size)) {
          const row = first + from + place;
          if (!allows(this.#items[row] as number)) continue;
          const error = common + (errors?.[place] ?? 0);
          rows.push(row);
          highest.push((scores[place] as number) + error);
          // Two cosines that differ by less may become equal when they are rounded.
          threshold = least.add((scores[place] as number) - error) - 1 / precision;
        }
      }
    }
    return rows.filter((_, index) => (highest[index] as number) >= threshold);
  }

  #values(row: number): Float32Array {
    return this.#blockOf(row).row(row % this.#blockRows);
  }

  #blockOf(row: number): VectorBlock {
    return this.#blocks[Math.floor(row / this.#blockRows)] as VectorBlock;
  }

  #start(dimensions: number): void {
    this.#dimensions = dimensions;
    this.#stride = strideOf(dimensions);
    this.#blockRows = Math.max(1, Math.floor(blockBytes / (4 * this.#stride)));
    this.#blocks = [];
  }

  #makeRoom(row: number): void {
    const number = Math.floor(row / this.#blockRows);
    const block = this.#blocks[number];
    if (number > 0) {
      if (block === undefined) this.#blocks.push(this.#open(this.#blockRows));
      return;
    }
    const present = block?.rows ?? 0;
    if (row < present) return;
    const wanted = present < fewRows ? Math.max(firstRows, 2 * present) : this.#blockRows;
    const larger = this.#open(Math.min(wanted, this.#blockRows));
    for (let copied = 0; copied < present; copied++) larger.write(copied, this.#values(copied));
    this.#blocks[0] = larger;
  }

  #open(rows: number): VectorBlock {
    const { kernel, quantized } = this.#options;
    return rows < this.#blockRows
      ? new VectorBlock(rows, this.#stride)
      : new VectorBlock(rows, this.#stride, kernel(), quantized);
  }
}

/** The first place whose score and error reach the threshold; `end` when there is none. Most of a search is spent here. */
function nextAbove(
  scores: Float32Array,
  errors: Float32Array | undefined,
  threshold: number,
  start: number,
  end: number,
): number {
  let place = start;
  if (errors === undefined) while (place < end && (scores[place] as number) < threshold) place++;
  else while (place < end && (scores[place] as number) + (errors[place] as number) < threshold) place++;
  return place;
}
