import type { SearchPostings, SearchReading } from "@relevo/core";
import type { Weights } from "./weights.ts";

/** Items that hold a word of the question in any of its forms, and how much each count is worth. */
export interface WeightedPostings {
  readonly list: SearchPostings;
  readonly weight: number;
}

/** One word of the question with the items that hold it. */
export interface ScoredTerm {
  readonly word: string;
  readonly weight: number;
  /** How many items hold it. */
  readonly holders: number;
  readonly postings: readonly WeightedPostings[];
}

/** Columns that are as long as the largest reading so far, and zero between two searches. */
export class Scratch {
  /** Of the word at hand, for each item: what it counts there. */
  counts: Float64Array = new Float64Array(0);
  lexical: Float64Array = new Float64Array(0);
  around: Float64Array = new Float64Array(0);
  /** Items with a lexical score, those of the word at hand, and those that are considered; room, not zero. */
  found: Int32Array = new Int32Array(0);
  touched: Int32Array = new Int32Array(0);
  candidates: Int32Array = new Int32Array(0);
  /** Of the word at hand, for each stream: how often it occurs. */
  streamCounts: Float64Array = new Float64Array(0);
  session: Float64Array = new Float64Array(0);

  /** Room for a reading. */
  prepare({ size, streamCount }: SearchReading): void {
    if (this.counts.length < size) {
      const room = Math.ceil(size * 1.25) + 16;
      this.counts = new Float64Array(room);
      this.lexical = new Float64Array(room);
      this.around = new Float64Array(room);
      this.found = new Int32Array(room);
      this.touched = new Int32Array(room);
      this.candidates = new Int32Array(room);
    }
    if (this.session.length < streamCount) {
      const room = Math.ceil(streamCount * 1.25) + 16;
      this.streamCounts = new Float64Array(room);
      this.session = new Float64Array(room);
    }
  }
}

/** What the words of the question score, in `scratch.lexical` and `scratch.session`. */
export interface LexicalScores {
  /** Items with a lexical score, each once, in no order: the first `count`. */
  readonly items: Int32Array;
  readonly count: number;
  /** Streams with a score, each once. */
  readonly streams: readonly number[];
}

export function inverseFrequency(all: number, holders: number): number {
  return Math.log(1 + (all - holders + 0.5) / (holders + 0.5));
}

/**
 * BM25 (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009) with two zones, in which a message also
 * has the words of its neighbours: x is the sum of what the word counts in the message, in the two before it and in the
 * two after it, each divided by the length of the message that says it; the saturation is applied to x.
 *
 * Adds each word's postings up message by message, so the work is linear in the postings of the question's words.
 */
export function scoreLexically(
  reading: SearchReading,
  terms: readonly ScoredTerm[],
  scratch: Scratch,
  weights: Weights,
): LexicalScores {
  const { previous, next, stream, lengths, streamLengths } = reading;
  const { counts, lexical, streamCounts, session, found, touched } = scratch;
  const { k1, b, own, afterOne, afterTwo, before, sessionB } = weights;
  const average = reading.length / Math.max(1, reading.items) || 1;
  const streamAverage = reading.length / Math.max(1, reading.streams) || 1;
  const streams: number[] = [];
  const touchedStreams = new Int32Array(reading.streamCount);
  let count = 0;

  for (const { weight, holders, postings } of terms) {
    const idf = weight * inverseFrequency(reading.items, holders);
    let touchedCount = 0;
    let streamCount = 0;
    for (const { list, weight: share } of postings) {
      const { items, counts: packedCounts, count: end } = list;
      for (let place = 0; place < end; place++) {
        const packed = packedCounts[place] as number;
        if (packed === 0) continue;
        const item = items[place] as number;
        const byLength = share / (1 - b + (b * (lengths[item] as number)) / average);
        const statements = packed & 255;
        const questions = packed >> 8;
        const said = statements * byLength;
        const asked = questions * byLength;
        // By hand for each neighbour: this is what a search of many messages does most.
        if (counts[item] === 0) touched[touchedCount++] = item;
        (counts[item] as number) += own.statement * said + own.question * asked;
        const one = next[item] as number;
        if (one >= 0) {
          if (counts[one] === 0) touched[touchedCount++] = one;
          (counts[one] as number) += afterOne.statement * said + afterOne.question * asked;
          const two = next[one] as number;
          if (two >= 0) {
            if (counts[two] === 0) touched[touchedCount++] = two;
            (counts[two] as number) += afterTwo.statement * said + afterTwo.question * asked;
          }
        }
        const back = previous[item] as number;
        if (back >= 0) {
          const early = before.statement * said + before.question * asked;
          if (counts[back] === 0) touched[touchedCount++] = back;
          (counts[back] as number) += early;
          const far = previous[back] as number;
          if (far >= 0) {
            if (counts[far] === 0) touched[touchedCount++] = far;
            (counts[far] as number) += early;
          }
        }
        const where = stream[item] as number;
        if (streamCounts[where] === 0) touchedStreams[streamCount++] = where;
        (streamCounts[where] as number) += (statements + questions) * share;
      }
    }
    for (let index = 0; index < touchedCount; index++) {
      const item = touched[index] as number;
      const x = counts[item] as number;
      counts[item] = 0;
      if (lexical[item] === 0) found[count++] = item;
      (lexical[item] as number) += (idf * x * (k1 + 1)) / (x + k1);
    }
    const streamIdf = weight * inverseFrequency(reading.streams, streamCount);
    for (let index = 0; index < streamCount; index++) {
      const where = touchedStreams[index] as number;
      const x = streamCounts[where] as number;
      streamCounts[where] = 0;
      if (session[where] === 0) streams.push(where);
      const length = 1 - sessionB + (sessionB * (streamLengths[where] as number)) / streamAverage;
      (session[where] as number) += (streamIdf * x * (k1 + 1)) / (x + k1 * length);
    }
  }
  return { items: found, count, streams };
}

/**
 * What is said around each item of the streams, in `scratch.around`: the lexical scores of the other items of its stream,
 * fading with their distance.
 */
export function scoreAround(
  reading: SearchReading,
  streams: readonly number[],
  scratch: Scratch,
  { aroundMessages }: Weights,
): void {
  const { first, next } = reading;
  const { lexical, around } = scratch;
  const fade = Math.exp(-1 / aroundMessages);
  const chain: number[] = [];
  for (const stream of streams) {
    chain.length = 0;
    let sum = 0;
    for (let item = first[stream] as number; item >= 0; item = next[item] as number) {
      chain.push(item);
      around[item] = sum;
      sum = (sum + (lexical[item] as number)) * fade;
    }
    sum = 0;
    for (let place = chain.length - 1; place >= 0; place--) {
      const item = chain[place] as number;
      (around[item] as number) += sum;
      sum = (sum + (lexical[item] as number)) * fade;
    }
  }
}
