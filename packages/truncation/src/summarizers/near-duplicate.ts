const sameEnough = 0.75;

/** What two sentences are compared by. */
export interface Gist {
  readonly words: ReadonlySet<string>;
  /** Numbers and negations: sentences that differ in one of these say different things, however alike they look. */
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

/** Whether one of the sentences says nothing that the other does not: three words in four shared, all facts the same. */
export function isNearDuplicate(one: Gist, other: Gist): boolean {
  if (one.facts !== other.facts) return false;
  let shared = 0;
  for (const word of one.words) if (other.words.has(word)) shared += 1;
  const all = one.words.size + other.words.size - shared;
  return all > 0 && shared / all >= sameEnough;
}
