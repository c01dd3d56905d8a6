import { speakerKey } from "../analysis/text.ts";
import type { Question } from "./parse-question.ts";

/** A run of words of the question that may be the name of a speaker. */
export interface NameCandidate {
  readonly key: string;
  /** Its position in the text of the question. */
  readonly from: number;
  readonly to: number;
}

/** Names have at most so many words. */
const longestName = 4;
const mostCandidates = 256;

/**
 * Runs of one to four words that may name a speaker, longest first at each place. A word that is no name unless it
 * begins with a capital ("Will") is left out in lower case.
 */
export function nameCandidates({ text, asked }: Question): readonly NameCandidate[] {
  const words = [...text.matchAll(/[\p{L}\p{M}\p{N}]+(?:['’._@-][\p{L}\p{M}\p{N}]+)*/gu)].map((match) => ({
    from: match.index,
    raw: match[0].replace(/['’]s$/, ""),
  }));
  const candidates: NameCandidate[] = [];
  for (let first = 0; first < words.length && candidates.length < mostCandidates; first++) {
    for (let count = Math.min(longestName, words.length - first); count > 0; count--) {
      const start = words[first];
      const end = words[first + count - 1];
      if (start === undefined || end === undefined) continue;
      const to = end.from + end.raw.length;
      const raw = text.slice(start.from, to);
      if (count === 1 && asked.stop.has(raw)) continue;
      if (count > 1 && /[.?!,;:\n]\s/.test(raw)) continue;
      candidates.push({ key: speakerKey(raw), from: start.from, to });
    }
  }
  return candidates;
}

/**
 * The speaker that a question is about, by the names of speakers found in it: the first, unless it is joined with
 * another one ("Ana and Luis", "both"), or is the object of a preposition ("handed off to Jonas").
 */
export function findSubject(
  { text, asked }: Question,
  candidates: readonly NameCandidate[],
  isSpeaker: (candidate: number) => boolean,
): NameCandidate | undefined {
  const found: NameCandidate[] = [];
  for (const [index, candidate] of candidates.entries()) {
    const last = found.at(-1);
    if (last !== undefined && (candidate.from < last.to || found.some(({ key }) => key === candidate.key)))
      continue;
    if (isSpeaker(index)) found.push(candidate);
  }
  const [first, second] = found;
  if (first === undefined) return undefined;
  if (second !== undefined) {
    const between = text.slice(first.to, second.from);
    const joined = /[,&]/.test(between) || lowerWords(between).some((word) => asked.joiners.has(word));
    if (joined || lowerWords(text).some((word) => asked.both.has(word))) return undefined;
  }
  const before = lowerWords(text.slice(Math.max(0, first.from - 40), first.from)).at(-1);
  const touches = /[\p{L}\p{M}]\s+$/u.test(text.slice(Math.max(0, first.from - 40), first.from));
  return before !== undefined && touches && asked.prepositions.has(before) ? undefined : first;
}

function lowerWords(text: string): readonly string[] {
  return text.toLowerCase().match(/[\p{L}\p{M}]+/gu) ?? [];
}
