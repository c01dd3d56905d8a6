import { type Kind, kindOf, kinds } from "./character-class.ts";
import { characterCost, letterPairPrice, markPairPrice } from "./character-cost.ts";

/**
 * Tokens that a text costs, about: the text is read once and cut where byte pair encodings cut it (words, groups of
 * three digits, punctuation, white space), and each piece has the price that pieces of its kind and length have on
 * average under o200k_base, but no less than what its characters let expect under the dearer of o200k_base and
 * cl100k_base. So the sum may be high, and is not below two thirds of either for any script or run of signs.
 *
 * - **Words** of Latin letters, cut where a capital follows a small letter, with the space before them: 1 token up to
 *   eight letters, slowly more above. Capitals, and words almost without vowels, are spelled out: 2 or 3 letters a
 *   token. Letters that seldom stand beside each other make a word dear (`letterPairPrice`).
 * - **Accents**: the more words have them, the less common a text's words are to an English-minded vocabulary, those
 *   without included. Two more price lists, blended in by the share of accented words: one for languages such as
 *   Spanish, one for languages such as Czech.
 * - **Digits**: one token for each three, and one for a space before them.
 * - **Punctuation**: one token a run, more for each further character unless it often follows the one before.
 * - **White space**: nothing for one space before a word, one token for a longer run or for line feeds.
 * - **Other scripts** by the character: a share of what each costs by itself (`characterCost`).
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

/** The share of what characters cost by themselves that a run of them costs: neighbours are one token now and then. */
const shareOfRun = 0.74;
/** Cyrillic is the one script beside Latin of which cl100k_base knows many words. */
const shareOfCyrillic = 0.71;
/** The least of a piece, of what its pairs of neighbours let expect. */
const shareOfPairs = 0.87;
/** What signs cost at least under o200k_base, which has tokens for few of them. */
const pricePerMark = 0.9;
/** White space in which each character differs from the one before is not in the vocabularies. */
const pricePerChange = 0.55;
const pricePerJoinedSpace = 0.3;
const pricePerEmoji = 1.7;

const invertedMarks: ReadonlySet<number> = new Set([0xa1, 0xbf]);
const contractions: ReadonlySet<string> = new Set(["s", "t", "d", "m", "ll", "ve", "re"]);
const apostrophe = 0x27;
/** Signs that lines are drawn with: long runs of them are in the vocabularies. */
const rulers: ReadonlySet<number> = new Set(Array.from("-=*#_/.", (sign) => sign.charCodeAt(0)));
/** Few runs of different signs that are longer are in the vocabularies. */
const longestMarks = 6;
const longestWord = 20;
const pricePerFurtherLetter = 0.4;
/** Few tokens are capitals only. */
const dearerInCapitals = 1.35;

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
  let pairs = 0;
  let priceOfPairs = 0;
  let priceOfAccents = 0;
  /** The small letter before, 0 for none. */
  let before = 0;
  for (; at < text.length; at += 1) {
    const kind = kindAt(text, at);
    if (!isLatin(kind)) break;
    if (kind === kinds.upper) {
      if (at > start + capitals) break;
      capitals += 1;
    }
    const unit = text.charCodeAt(at);
    if (kind === kinds.accented) {
      accents += 1;
      priceOfAccents += characterCost(unit) + 0.3;
      before = 0;
    } else {
      const letter = unit | 0x20;
      if (isVowel(letter)) vowels += 1;
      if (before !== 0) {
        pairs += 1;
        priceOfPairs += letterPairPrice(before, letter) * (capitals > 1 ? dearerInCapitals : 1);
      }
      before = letter;
    }
  }
  const letters = at - start;
  tally.words += 1;
  if (accents > 0) tally.accented += 1;
  // Nine English words in ten stay below 0.2 a pair, nine words of random letters in ten above 0.3.
  const odd = pairs === 0 ? 0 : between(priceOfPairs / pairs, 0.15, 0.27);
  const oddAccents = Math.max(odd, between(accents / letters, 0.25, 0.6));
  const spelled = 1 + priceOfPairs * odd + priceOfAccents * oddAccents;
  // Nothing of that length is a word, however well its letters go together.
  const least = Math.max(spelled * shareOfPairs, (letters - longestWord) * pricePerFurtherLetter);
  if (capitals > 1) tally.tokens += Math.max(least, letters / (capitals === letters ? 3 : 2));
  else if (letters > 4 && vowels + accents < letters / 6) tally.tokens += Math.max(least, letters / 2);
  else {
    tally.english += Math.max(least, priceOf(english, letters) + accents * 0.2);
    tally.western += Math.max(least, priceOf(western, letters) + accents * 0.15);
    tally.eastern += Math.max(least, priceOf(eastern, letters) + accents * 0.25);
  }
  return at + takeContraction(text, at, tally);
}

/** How far a value is from `low` to `high`, 0 to 1. */
function between(value: number, low: number, high: number): number {
  return Math.min(1, Math.max(0, (value - low) / (high - low)));
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

function isVowel(letter: number): boolean {
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
  return priceOfCharacters(text, start, end, kind);
}

function priceOfCharacters(text: string, start: number, end: number, kind: Kind): number {
  let alone = 0;
  let characters = 0;
  for (let at = start; at < end; at += isPair(text, at) ? 2 : 1) {
    alone += characterCost(text.codePointAt(at) ?? 0);
    characters += 1;
  }
  const price = alone * (kind === kinds.cyrillic ? shareOfCyrillic : shareOfRun);
  if (kind === kinds.mark) return Math.max(price, characters * pricePerMark);
  if (kind === kinds.emoji) return Math.max(price, characters * pricePerEmoji);
  // A run is a token at least, and words of these scripts end at spaces.
  return Math.max(1, price);
}

function priceOfPunctuation(text: string, start: number, end: number): number {
  let price = 1;
  let least = 1;
  for (let at = start + 1; at < end; at += 1) {
    const [before, unit] = [text.charCodeAt(at - 1), text.charCodeAt(at)];
    price += before === unit ? (rulers.has(unit) ? 0.03 : at - start < 3 ? 0.22 : 0.36) : 0.2;
    // A sign that is repeated is one token with the one before, which the pair alone does not say.
    if (before !== unit)
      least +=
        at - start < longestMarks ? markPairPrice(before, unit) : Math.max(0.55, markPairPrice(before, unit));
  }
  // The last sign before a word may be one token with it: `.com`, `(x`, `_id`.
  const joinsWord = end < text.length && isLatin(kindAt(text, end));
  return Math.max(joinsWord ? price - 0.4 : price, (least - (joinsWord ? 0.4 : 0)) * shareOfPairs);
}

function priceOfWhiteSpace(text: string, start: number, end: number): number {
  let lines = 0;
  let changes = 0;
  let wide = 0;
  let tabs = 0;
  let returns = 0;
  for (let at = start; at < end; at += 1) {
    const unit = text.charCodeAt(at);
    if (kindAt(text, at) === kinds.newline) lines += 1;
    if (unit === 0x0d && text.charCodeAt(at + 1) !== 0x0a) returns += 1;
    if (at > start && unit !== text.charCodeAt(at - 1)) changes += 1;
    if (unit === 0x09) tabs += 1;
    if (unit > 0x7f) wide += characterCost(unit);
  }
  const length = end - start;
  const least = Math.max(wide * shareOfRun, changes > 2 ? changes * pricePerChange : 0, returns * shareOfRun);
  if (lines > 0) {
    const indent = text.charCodeAt(end - 1) === 0x20 && text.charCodeAt(end - 2) === 0x20;
    const afterSign = start > 0 && kindAt(text, start - 1) === kinds.punctuation;
    return Math.max(
      least,
      (afterSign ? 0.15 : 1) + (indent ? 1 : 0) + Math.floor(length / 64) + Math.floor(lines / 8),
    );
  }
  if (length > 1) return Math.max(least, 1 + Math.floor(tabs / 8) + Math.floor(length / 64));
  const joined = end < text.length && text.charCodeAt(start) === 0x20 && joinsSpace(text, end);
  if (!joined) return Math.max(least, 1);
  // Only the commonest letters of other scripts have tokens with the space before them.
  return Math.max(least, kindAt(text, end) === kinds.script ? pricePerJoinedSpace : 0);
}

/** Whether one space before such a character is a part of its token. */
function joinsSpace(text: string, at: number): boolean {
  const kind = kindAt(text, at);
  if (kind === kinds.digit || kind === kinds.han || kind === kinds.kana || kind === kinds.other) return false;
  return characterCost(text.codePointAt(at) ?? 0) === 1;
}
