import { type Kind, kindOf, kinds } from "./character-class.ts";

/**
 * Tokens that a text costs, about: the text is read once and cut where byte pair encodings cut it (words, groups of
 * three digits, punctuation, white space), and each piece has the price that pieces of its kind and length have on
 * average under o200k_base.
 *
 * - **Words** of Latin letters, cut where a capital follows a small letter, with the space before them: 1 token up to
 *   eight letters, slowly more above. Capitals, and words almost without vowels, are spelled out: 2 or 3 letters a token.
 * - **Accents**: the more words have them, the less common a text's words are to an English-minded vocabulary, those
 *   without included. Two more price lists, blended in by the share of accented words: one for languages such as
 *   Spanish, one for languages such as Czech.
 * - **Digits**: one token for each three, and one for a space before them.
 * - **Punctuation**: one token a run, more for each further character unless it repeats the one before.
 * - **White space**: nothing for one space before a word, one token for a longer run or for line feeds.
 * - **Other scripts** by the character.
 *
 * Linear in the text, without regular expressions; never throws.
 */
export function estimateTokens(text: string): number {
  const tally: Tally = { tokens: 0, english: 0, western: 0, eastern: 0, words: 0, accented: 0 };
  let at = 0;
  while (at < text.length) {
    const kind = kindAt(text, at);
    if (isLatin(kind)) at = takeWord(text, at, tally);
    // The space between two words is the commonest run of all and costs nothing.
    else if (kind === kinds.space && at + 1 < text.length && isLatin(kindAt(text, at + 1))) at += 1;
    else {
      const end = endOfRun(text, at, kind);
      tally.tokens += priceOfRun(text, at, end, kind);
      // An inverted mark is as good a sign of Spanish as an accent.
      if (kind === kinds.mark && invertedMarks.has(text.charCodeAt(at))) tally.accented += 1;
      at = end;
    }
  }
  return text === "" ? 0 : Math.max(1, Math.round(tally.tokens + priceOfWords(tally)));
}

/** Words are priced under each list; which one holds is known only when all are read. */
interface Tally {
  tokens: number;
  english: number;
  western: number;
  eastern: number;
  words: number;
  accented: number;
}

/** A word's tokens by its letters; beyond the list each further letter adds `step`. */
interface PriceList {
  readonly prices: readonly number[];
  readonly step: number;
}

const english: PriceList = {
  prices: [0, 0.98, 0.99, 1, 1, 1.01, 1.03, 1.04, 1.05, 1.1, 1.15, 1.15, 1.2, 1.3, 1.5],
  step: 0.125,
};
const western: PriceList = {
  prices: [0, 1, 1, 1, 1.02, 1.08, 1.15, 1.3, 1.5, 1.65, 1.8, 1.9, 2.15, 2.3, 2.6],
  step: 0.25,
};
const eastern: PriceList = {
  prices: [0, 1, 1, 1.05, 1.25, 1.7, 1.9, 2.15, 2.4, 2.7, 2.9, 3.1, 3.4, 3.6, 3.9],
  step: 0.3,
};

/** Tokens of one character of a script that is not Latin, on average. */
const characterPrice: Partial<Record<Kind, number>> = {
  [kinds.cyrillic]: 0.245,
  [kinds.han]: 0.7,
  [kinds.kana]: 0.64,
  [kinds.hangul]: 0.68,
  [kinds.script]: 0.36,
  [kinds.mark]: 0.9,
  [kinds.emoji]: 1.7,
  [kinds.joiner]: 0.9,
  [kinds.other]: 1.8,
};

const invertedMarks: ReadonlySet<number> = new Set([0xa1, 0xbf]);
const contractions: ReadonlySet<string> = new Set(["s", "t", "d", "m", "ll", "ve", "re"]);
const apostrophe = 0x27;

function kindAt(text: string, at: number): Kind {
  const unit = text.charCodeAt(at);
  return kindOf(unit < 0xd800 || unit > 0xdbff ? unit : (text.codePointAt(at) ?? unit));
}

/** Whether two code units make one character here; a lone surrogate is one of its own. */
function isPair(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return unit >= 0xd800 && unit <= 0xdbff && (text.codePointAt(at) ?? 0) > 0xffff;
}

function isLatin(kind: Kind): boolean {
  return kind === kinds.lower || kind === kinds.upper || kind === kinds.accented;
}

function isWhiteSpace(kind: Kind): boolean {
  return kind === kinds.space || kind === kinds.newline;
}

function endOfRun(text: string, start: number, kind: Kind): number {
  let at = start;
  while (at < text.length) {
    const next = kindAt(text, at);
    if (next !== kind && !(isWhiteSpace(kind) && isWhiteSpace(next))) return at;
    at += isPair(text, at) ? 2 : 1;
  }
  return at;
}

/** Reads one word: capitals, then small letters. Returns where it ends. */
function takeWord(text: string, start: number, tally: Tally): number {
  let at = start;
  let vowels = 0;
  let accents = 0;
  let capitals = 0;
  for (; at < text.length; at += 1) {
    const kind = kindAt(text, at);
    if (!isLatin(kind)) break;
    if (kind === kinds.upper) {
      if (at > start + capitals) break;
      capitals += 1;
    }
    if (kind === kinds.accented) accents += 1;
    else if (isVowel(text.charCodeAt(at))) vowels += 1;
  }
  const letters = at - start;
  tally.words += 1;
  if (accents > 0) tally.accented += 1;
  if (capitals > 1) tally.tokens += Math.max(1, letters / (capitals === letters ? 3 : 2));
  else if (letters > 4 && vowels + accents < letters / 6) tally.tokens += letters / 2;
  else {
    tally.english += priceOf(english, letters) + accents * 0.2;
    tally.western += priceOf(western, letters) + accents * 0.15;
    tally.eastern += priceOf(eastern, letters) + accents * 0.25;
  }
  return at + takeContraction(text, at, tally);
}

/** `don't` and `Juan's` are read with their word; how many characters that adds. */
function takeContraction(text: string, at: number, tally: Tally): number {
  if (text.charCodeAt(at) !== apostrophe) return 0;
  let end = at + 1;
  while (end < at + 4 && end < text.length && isLatin(kindAt(text, end))) end += 1;
  if (!contractions.has(text.slice(at + 1, end))) return 0;
  tally.tokens += 0.4;
  return end - at;
}

function isVowel(unit: number): boolean {
  const letter = unit | 0x20;
  return (
    letter === 0x61 ||
    letter === 0x65 ||
    letter === 0x69 ||
    letter === 0x6f ||
    letter === 0x75 ||
    letter === 0x79
  );
}

function priceOf({ prices, step }: PriceList, letters: number): number {
  const last = prices.length - 1;
  return (prices[Math.min(letters, last)] ?? 1) + Math.max(0, letters - last) * step;
}

function priceOfWords({ english, western, eastern, words, accented }: Tally): number {
  // Spanish has accents on one word in ten, Czech on one in two.
  const share = words === 0 ? 0 : accented / words;
  const foreign = Math.min(1, share / 0.05);
  const far = Math.min(1, Math.max(0, (share - 0.2) / 0.15));
  return english * (1 - foreign) + foreign * (western * (1 - far) + eastern * far);
}

function priceOfRun(text: string, start: number, end: number, kind: Kind): number {
  if (kind === kinds.digit) return Math.ceil((end - start) / 3);
  if (kind === kinds.punctuation) return priceOfPunctuation(text, start, end);
  if (isWhiteSpace(kind)) return priceOfWhiteSpace(text, start, end);
  const price = charactersIn(text, start, end) * (characterPrice[kind] ?? 1);
  // Words of these scripts end at spaces, so a short one still costs a whole token.
  return kind === kinds.cyrillic || kind === kinds.script ? Math.max(1, price) : price;
}

function charactersIn(text: string, start: number, end: number): number {
  let characters = 0;
  for (let at = start; at < end; at += isPair(text, at) ? 2 : 1) characters += 1;
  return characters;
}

function priceOfPunctuation(text: string, start: number, end: number): number {
  let price = 1;
  for (let at = start + 1; at < end; at += 1) {
    price += text.charCodeAt(at) === text.charCodeAt(at - 1) ? 0.03 : 0.2;
  }
  // The last sign before a word may be one token with it: `.com`, `(x`, `_id`.
  const joinsWord = end < text.length && isLatin(kindAt(text, end));
  return joinsWord ? price - 0.4 : price;
}

function priceOfWhiteSpace(text: string, start: number, end: number): number {
  let lines = 0;
  for (let at = start; at < end; at += 1) if (kindAt(text, at) === kinds.newline) lines += 1;
  const length = end - start;
  if (lines > 0) {
    const indent = text.charCodeAt(end - 1) === 0x20 && text.charCodeAt(end - 2) === 0x20;
    const afterSign = start > 0 && kindAt(text, start - 1) === kinds.punctuation;
    return (afterSign ? 0.15 : 1) + (indent ? 1 : 0) + Math.floor(length / 64);
  }
  if (length > 1) return 1 + Math.floor(length / 64);
  const joined = end < text.length && joinsSpace(kindAt(text, end));
  return joined ? 0 : 1;
}

/** Whether one space before such a character is a part of its token. */
function joinsSpace(kind: Kind): boolean {
  return kind !== kinds.digit && kind !== kinds.han && kind !== kinds.kana;
}
