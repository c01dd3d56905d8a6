import { wordsOf } from "./words.ts";

/** Two messages are the same question from this share of common words on. */
export const similarThreshold = 0.6;

/** The distinct words of a message, sorted and bounded: what is remembered of it to know it again. */
export function messageWords(message: string): readonly string[] {
  return [...new Set(wordsOf(message))].sort().slice(0, 300);
}

/** Common words by all words (Jaccard), 0 to 1. Two messages without words are alike only by being both empty. */
export function similarity(left: readonly string[], right: readonly string[]): number {
  const words = new Set(left);
  const common = right.filter((word) => words.has(word)).length;
  const all = words.size + right.length - common;
  return all === 0 ? 1 : common / all;
}
