const sameEnough = 0.75;

/** The features by which two sentences are compared. */
export interface Gist {
  readonly words: ReadonlySet<string>;
  /** Numbers and negations: sentences that differ in one of these differ in meaning, however similar they are. */
  readonly facts: string;
}

const wordPattern = /[\p{L}\p{M}\p{N}]+/gu;
const negations: ReadonlySet<string> = new Set([
  "no",
  "not",
  "never",
  "don",
  "doesn",
  "isn",
  "won",
  "nunca",
  "sin",
  "without",
]);

export function gistOf(sentence: string): Gist {
  const words = sentence.toLowerCase().match(wordPattern) ?? [];
  const facts = words.filter((word) => /\p{N}/u.test(word) || negations.has(word));
  return { words: new Set(words), facts: facts.toSorted().join(" ") };
}

/** Whether one sentence repeats the other: three words in four in common, and all facts equal. */
export function isNearDuplicate(one: Gist, other: Gist): boolean {
  if (one.facts !== other.facts) return false;
  let shared = 0;
  for (const word of one.words) if (other.words.has(word)) shared += 1;
  const all = one.words.size + other.words.size - shared;
  return all > 0 && shared / all >= sameEnough;
}
