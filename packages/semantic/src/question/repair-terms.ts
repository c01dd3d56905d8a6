import { isOneEditAway } from "@relevo/core/store";
import type { Question, QuestionTerm } from "./parse-question.ts";

/** A term of the index in place of a word that the index lacks. */
export interface Replacement {
  readonly term: string;
  readonly weight: number;
}

/** A word that the index lacks, written apart: both terms must stand in the same message. */
export interface SplitWord {
  readonly left: string;
  readonly right: string;
}

const mostReplacements = 4;
const shortestRepaired = 5;
const shortestPrefix = 5;
const typingErrorWeight = 0.8;
/** Of the longer of two words that begin alike. */
const sharedShare = 0.65;
/** Of a word that begins with a whole term of the index. */
const wholeTermShare = 0.5;
const shortestHalf = 3;

/**
 * The terms of the index that may have been meant by a word, best first: another ending of the same word, or one typing
 * error away.
 *
 * @param similar Terms of the index, see `SearchIndex.lookup`.
 */
export function replacementsFor(word: string, similar: readonly string[]): readonly Replacement[] {
  if (word.length < shortestRepaired || /^\p{N}+$/u.test(word)) return [];
  const found: Replacement[] = [];
  for (const term of similar) {
    const shared = sharedPrefix(word, term);
    const share = shared / Math.max(word.length, term.length);
    const isWhole = shared === term.length;
    if (shared >= shortestPrefix && (share >= sharedShare || (isWhole && share >= wholeTermShare)))
      found.push({ term, weight: share });
    else if (isOneEditAway(word, term)) found.push({ term, weight: typingErrorWeight });
  }
  return found.sort((a, b) => b.weight - a.weight || (a.term < b.term ? -1 : 1)).slice(0, mostReplacements);
}

/** How a word may be written apart, as terms in the language that it is asked in. */
export function splitsOf({ word, exact }: QuestionTerm, { asked }: Question): readonly SplitWord[] {
  if (exact === true || /\P{L}/u.test(word)) return [];
  const splits: SplitWord[] = [];
  for (let at = shortestHalf; at <= word.length - shortestHalf; at++) {
    const [left, right] = [word.slice(0, at), word.slice(at)];
    if (!asked.stop.has(left) && !asked.stop.has(right))
      splits.push({ left: asked.term(left), right: asked.term(right) });
  }
  return splits;
}

function sharedPrefix(left: string, right: string): number {
  let length = 0;
  while (length < left.length && left[length] === right[length]) length++;
  return length;
}
