import type { DotKernel, KernelMemory } from "./vector-kernel.ts";
import { highestByte, type VectorQuery } from "./vector-query.ts";

/** So many rows are scored at once: their scores stay in the fastest memory of the processor. */
export const rowsAtOnce = 4096;

/** A part of the vectors of a tenant, in rows of equal width. */
export class VectorBlock {
  readonly rows: number;
  readonly #stride: number;
  readonly #values: Float32Array;
  readonly #scores: Float32Array;
  readonly #kernel: Kernel | undefined;
  /** Of each row, how far its bytes are from it; `undefined` without bytes. */
  readonly lost: Float32Array | undefined;

  /** Without a kernel, or where it has no memory to give, rows are scored in JavaScript. */
  constructor(rows: number, stride: number, dots?: DotKernel, quantized: boolean = false) {
    this.rows = rows;
    this.#stride = stride;
    const layout = new Layout(rows, stride, quantized);
    const memory = dots?.open(layout.bytes);
    if (memory === undefined) {
      this.#values = new Float32Array(rows * stride);
      this.#scores = new Float32Array(Math.min(rows, rowsAtOnce));
      return;
    }
    if (quantized) {
      const kernel = new ByteKernel(memory, layout, rows, stride);
      this.#kernel = kernel;
      this.lost = kernel.lost;
      this.#values = new Float32Array(rows * stride);
    } else {
      this.#kernel = new FloatKernel(memory, layout, stride);
      this.#values = new Float32Array(memory.buffer, layout.rows, rows * stride);
    }
    this.#scores = new Float32Array(memory.buffer, layout.scores, rowsAtOnce);
  }

  /** The numbers of a row; not to be changed. */
  row(row: number): Float32Array {
    return this.#values.subarray(row * this.#stride, (row + 1) * this.#stride);
  }

  write(row: number, values: ArrayLike<number>): void {
    this.#values.set(values, row * this.#stride);
    this.#kernel?.wrote(row, this.row(row));
  }

  erase(row: number): void {
    this.#values.fill(0, row * this.#stride, (row + 1) * this.#stride);
    this.#kernel?.wrote(row, this.row(row));
  }

  /** To be called before `scores`, once for a query. */
  ask(query: VectorQuery): void {
    this.#kernel?.ask(query);
  }

  /** About the dot product of each of these rows with the query; valid until the next call. At most `rowsAtOnce`. */
  scores(query: VectorQuery, from: number, to: number): Float32Array {
    if (this.#kernel !== undefined) this.#kernel.score(query, from, to);
    else for (let row = from; row < to; row++) this.#scores[row - from] = this.exact(query, row);
    return this.#scores;
  }

  /** How far a score may be from the exact dot product, beside what the row itself lost. */
  error(query: VectorQuery): number {
    return this.lost === undefined ? query.floatError : query.wordError;
  }

  /** In 64 bits, always added up in the same order. */
  exact({ exact }: VectorQuery, row: number): number {
    const values = this.#values;
    const start = row * this.#stride;
    let [a, b, c, d] = [0, 0, 0, 0];
    for (let index = 0; index < exact.length; index += 4) {
      a += (exact[index] as number) * (values[start + index] as number);
      b += (exact[index + 1] as number) * (values[start + index + 1] as number);
      c += (exact[index + 2] as number) * (values[start + index + 2] as number);
      d += (exact[index + 3] as number) * (values[start + index + 3] as number);
    }
    return a + b + (c + d);
  }
}

/** Where things stand in a kernel's memory: the query, the scores, the scales of quantized rows, the rows. */
class Layout {
  readonly query = 0;
  readonly scores: number;
  readonly scales: number;
  readonly rows: number;
  readonly bytes: number;

  constructor(rows: number, stride: number, quantized: boolean) {
    this.scores = 4 * stride;
    this.scales = this.scores + 4 * rowsAtOnce;
    this.rows = this.scales + (quantized ? 16 * Math.ceil(rows / 4) : 0);
    this.bytes = this.rows + rows * stride * (quantized ? 1 : 4);
  }
}

interface Kernel {
  wrote(row: number, values: Float32Array): void;
  ask(query: VectorQuery): void;
  score(query: VectorQuery, from: number, to: number): void;
}

class FloatKernel implements Kernel {
  readonly #memory: KernelMemory;
  readonly #layout: Layout;
  readonly #width: number;
  readonly #query: Float32Array;

  constructor(memory: KernelMemory, layout: Layout, stride: number) {
    this.#memory = memory;
    this.#layout = layout;
    this.#width = 4 * stride;
    this.#query = new Float32Array(memory.buffer, layout.query, stride);
  }

  wrote(): void {
    // The block's own rows stand in the kernel's memory.
  }

  ask({ floats }: VectorQuery): void {
    this.#query.set(floats);
  }

  score(_: VectorQuery, from: number, to: number): void {
    const { query, rows, scores } = this.#layout;
    const width = this.#width;
    this.#memory.dotFloats(query, rows + from * width, rows + to * width, width, scores);
  }
}

/** Rows as bytes times a scale for each. What that loses is kept for each row, so that no score is trusted too far. */
class ByteKernel implements Kernel {
  readonly #memory: KernelMemory;
  readonly #layout: Layout;
  readonly #stride: number;
  readonly #query: Int16Array;
  readonly #bytes: Int8Array;
  readonly #scales: Float32Array;
  readonly lost: Float32Array;

  constructor(memory: KernelMemory, layout: Layout, rows: number, stride: number) {
    const { buffer } = memory;
    this.#memory = memory;
    this.#layout = layout;
    this.#stride = stride;
    this.#query = new Int16Array(buffer, layout.query, stride);
    this.#bytes = new Int8Array(buffer, layout.rows, rows * stride);
    this.#scales = new Float32Array(buffer, layout.scales, rows);
    this.lost = new Float32Array(rows);
  }

  wrote(row: number, values: Float32Array): void {
    const width = this.#stride;
    let highest = 0;
    for (let index = 0; index < width; index++)
      highest = Math.max(highest, Math.abs(values[index] as number));
    this.#scales[row] = highest / highestByte;
    const scale = this.#scales[row] as number;
    const perScale = scale === 0 ? 0 : 1 / scale;
    const bytes = this.#bytes.subarray(row * width, (row + 1) * width);
    let lost = 0;
    for (let index = 0; index < width; index++) {
      const value = values[index] as number;
      const byte = Math.max(-highestByte, Math.min(highestByte, Math.round(value * perScale)));
      bytes[index] = byte;
      const rest = value - byte * scale;
      lost += rest * rest;
    }
    // A little more, because it is kept with fewer digits.
    this.lost[row] = Math.sqrt(lost) * (1 + 1e-6);
  }

  ask({ words }: VectorQuery): void {
    this.#query.set(words);
  }

  score({ wordScale }: VectorQuery, from: number, to: number): void {
    const { query, rows, scores, scales } = this.#layout;
    const width = this.#stride;
    const start = rows + from * width;
    this.#memory.dotBytes(query, start, rows + to * width, width, scores, scales + 4 * from, wordScale);
  }
}
