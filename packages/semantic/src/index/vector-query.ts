/** Rows have room for a multiple of so many numbers, the rest zero: the kernel takes so many at once. */
const lanes = 16;

export function strideOf(dimensions: number): number {
  return Math.ceil(dimensions / lanes) * lanes;
}

export const highestByte = 127;
const highestWord = 32_767;
const highestSum = 2 ** 31 - 1;

/** Half of the distance between a float of 32 bits and the next, for numbers near 1. */
const roundOff = 2 ** -24;

/** A query of length 1 in the forms in which rows are compared with it, padded as they are. */
export interface VectorQuery {
  readonly exact: Float64Array;
  readonly floats: Float32Array;
  /** Times `wordScale`, about the query. The sums of products with bytes stay within 32 bits. */
  readonly words: Int16Array;
  readonly wordScale: number;
  /** How far a dot product in floats may be from that of the exact query with the same row. */
  readonly floatError: number;
  /** The same of words with bytes, beside what the bytes differ from their row. */
  readonly wordError: number;
}

export function vectorQuery(vector: readonly number[]): VectorQuery {
  const stride = strideOf(vector.length);
  const length = lengthOf(vector);
  const exact = new Float64Array(stride);
  let highest = 0;
  for (let index = 0; index < vector.length; index++) {
    const value = (vector[index] as number) / length;
    exact[index] = value;
    highest = Math.max(highest, Math.abs(value));
  }
  const steps = Math.max(1, Math.min(highestWord, Math.floor(highestSum / (highestByte * stride))));
  const wordScale = highest / steps;
  const words = new Int16Array(stride);
  let missed = 0;
  for (let index = 0; index < stride; index++) {
    const word = Math.round((exact[index] as number) / wordScale);
    words[index] = word;
    missed += ((exact[index] as number) - word * wordScale) ** 2;
  }
  // Each of the four sums of four lanes grows by one product for each 16 numbers; then they are added up.
  const floatError = (stride / lanes + 8) * 2 * roundOff;
  // By the inequality of Cauchy and Schwarz: a row is 1 long, and its bytes are no longer than 2.
  const wordError = 2 * Math.sqrt(missed) + 16 * roundOff;
  return { exact, floats: Float32Array.from(exact), words, wordScale, floatError, wordError };
}

/** Above 0 and finite for every admitted vector. */
export function lengthOf(vector: readonly number[]): number {
  let sum = 0;
  for (const value of vector) sum += value * value;
  return Math.sqrt(sum);
}
