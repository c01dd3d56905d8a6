/**
 * The words of a text as the rules compare them: compatibility-normalised, lower case, without accents, cut at
 * everything that is neither letter nor digit. `¿Cuánto cuesta?` and `CUANTO  CUESTA` give the same words.
 */
export function wordsOf(text: string): readonly string[] {
  return (
    text
      .normalize("NFKD")
      .replace(/\p{M}/gu, "")
      .toLowerCase()
      .replace(/[’']/g, "")
      .match(/[\p{L}\p{N}]+/gu) ?? []
  );
}

/** A phrase to look for: words in a row; `*` at a word's end stands for any ending. */
export type Phrase = string;

/** The first of the phrases that the words hold in a row, or `undefined`. */
export function findPhrase(words: readonly string[], phrases: readonly Phrase[]): Phrase | undefined {
  return phrases.find((phrase) => indexOfPhrase(words, phrase) !== -1);
}

/** Every phrase that the words hold, in the order of the list. */
export function findPhrases(words: readonly string[], phrases: readonly Phrase[]): readonly Phrase[] {
  return phrases.filter((phrase) => indexOfPhrase(words, phrase) !== -1);
}

/** The words without those phrases, so that `not interested` does not count as `interested`. */
export function withoutPhrases(words: readonly string[], phrases: readonly Phrase[]): readonly string[] {
  let left = words;
  for (const phrase of phrases) {
    const length = phrase.split(" ").length;
    for (let at = indexOfPhrase(left, phrase); at !== -1; at = indexOfPhrase(left, phrase)) {
      // A gap in place of the phrase: what stood on its two sides must not become neighbours.
      left = [...left.slice(0, at), "", ...left.slice(at + length)];
    }
  }
  return left;
}

function indexOfPhrase(words: readonly string[], phrase: Phrase): number {
  const parts = phrase.split(" ");
  for (let start = 0; start + parts.length <= words.length; start++) {
    if (parts.every((part, offset) => matches(words[start + offset] ?? "", part))) return start;
  }
  return -1;
}

function matches(word: string, part: string): boolean {
  return part.endsWith("*") ? word.startsWith(part.slice(0, -1)) : word === part;
}
