/** Splits text into sentences and words. Everything here is linear in the text. */

/** Letters with their accents removed. */
export function fold(text: string): string {
  return text.normalize("NFKD").replace(/\p{M}/gu, "");
}

/** What a speaker is compared by: lower case, without accents, single spaces. */
export function speakerKey(name: string): string {
  return fold(name).toLowerCase().replace(/\s+/g, " ").trim();
}

const sentenceEnds = /(?<=[.!?]["'”’»)\]]?)\s+|(?<=[。！？])|\n+/u;

/** Ends in a question mark, closing quotes and brackets allowed. */
const questionEnd = /[?？]["'”’»)\]]{0,8}$/;

export interface Sentence {
  readonly text: string;
  readonly isQuestion: boolean;
}

export function sentencesOf(text: string): readonly Sentence[] {
  const sentences: Sentence[] = [];
  for (const part of text.split(sentenceEnds)) {
    const sentence = part.trim();
    if (sentence !== "") sentences.push({ text: sentence, isQuestion: questionEnd.test(sentence) });
  }
  return sentences;
}

/** A longer run of letters is no word of any language; what is cut off is not searchable. */
const longestWord = 64;

const wordPattern = /[\p{L}\p{M}\p{N}'’‘]+/gu;
/** Scripts that put no space between words. */
const unspaced =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

/**
 * The words of a text in lower case: runs of letters and digits, without apostrophes and the English possessive. Runs of
 * scripts without spaces are segmented by dictionary.
 */
export function wordsOf(text: string, segmenter: Intl.Segmenter): readonly string[] {
  const words: string[] = [];
  for (const [run] of text.normalize("NFC").toLowerCase().matchAll(wordPattern)) {
    if (unspaced.test(run)) addSegments(run, segmenter, words);
    else addWord(run, words);
  }
  return words;
}

function addWord(run: string, words: string[]): void {
  const word = run.replace(/[’‘]/g, "'").replace(/'s$/, "").replaceAll("'", "");
  if (word !== "") words.push(cut(word));
}

function addSegments(run: string, segmenter: Intl.Segmenter, words: string[]): void {
  for (const { segment, isWordLike } of segmenter.segment(run)) {
    if (isWordLike === true) addWord(segment, words);
  }
}

/** A cut must not leave half of a surrogate pair. */
function cut(word: string): string {
  return word.length <= longestWord ? word : word.slice(0, longestWord).replace(/[\ud800-\udbff]$/, "");
}

/**
 * Runs of letters and digits joined by the signs of addresses, paths and identifiers, in lower case: `a.b@example.com`,
 * `INV-2024-0042`, `user_id`, `src/main.ts`. And names in camel case, with the words that they are made of.
 */
export function identifiersOf(text: string): readonly string[] {
  const found: string[] = [];
  // A run is taken as a whole and cut afterwards: a pattern that asks for letters, signs and letters again tries every
  // letter of a long run as its beginning.
  for (const [run] of text.matchAll(/[\p{L}\p{N}._@/:#+-]+/gu)) {
    if (run.length > 2 * longestWord) continue;
    const name = run.replace(/^[._@/:#+-]+|[._@/:#+-]+$/g, "");
    if (name.length <= longestWord && isIdentifier(name)) found.push(name.toLowerCase());
  }
  for (const [run] of text.matchAll(/(?<![\p{L}\p{N}])\p{Ll}+(?:\p{Lu}\p{Ll}+)+(?![\p{L}\p{N}])/gu)) {
    if (run.length > longestWord) continue;
    for (const [part] of run.matchAll(/\p{Lu}?\p{Ll}+/gu)) found.push(part.toLowerCase());
  }
  return found;
}

/** Ordinary hyphens and slashes join words; what has a digit, an underscore, a dot or an at sign inside is a name. */
function isIdentifier(run: string): boolean {
  return /[_@.#]/.test(run) || (/\p{N}/u.test(run) && /\p{L}/u.test(run)) || /\d[-/:]\d/.test(run);
}
