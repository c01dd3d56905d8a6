const longestPiece = 256;

const space = 1;
const letter = 2;
const digit = 4;
const sign = 8;

/**
 * The text in slices in which no word, run of signs or run of white space is longer than 256 characters. Merging byte
 * pairs takes time that grows with the square of such a piece: a run of 20,000 equal letters keeps a tokenizer busy
 * for seconds. A text without such a run comes back whole, so its count does not change; a cut changes it by about one
 * token. A surrogate pair is never cut.
 */
export function boundedPieces(text: string): readonly string[] {
  if (text.length <= longestPiece) return [text];
  const pieces: string[] = [];
  let begin = 0;
  let letters = 0;
  let signs = 0;
  let spaces = 0;
  for (let at = 0; at < text.length; at += 1) {
    const kind = kindOf(text.charCodeAt(at));
    letters = kind & letter ? letters + 1 : 0;
    signs = kind & sign ? signs + 1 : 0;
    spaces = kind & space ? spaces + 1 : 0;
    if (letters <= longestPiece && signs <= longestPiece && spaces <= longestPiece) continue;
    const cut = isLowSurrogate(text.charCodeAt(at)) && at - 1 > begin ? at - 1 : at;
    pieces.push(text.slice(begin, cut));
    begin = cut;
    letters = kind & letter ? 1 : 0;
    signs = kind & sign ? 1 : 0;
    spaces = kind & space ? 1 : 0;
  }
  pieces.push(text.slice(begin));
  return pieces;
}

/** What a character may be part of. Outside of ASCII it may be anything but a digit, so it lengthens every run. */
function kindOf(unit: number): number {
  if (unit >= 0x80) return isCjkPunctuation(unit) ? sign : letter | sign | space;
  if ((unit >= 0x61 && unit <= 0x7a) || (unit >= 0x41 && unit <= 0x5a)) return letter;
  if (unit >= 0x30 && unit <= 0x39) return digit;
  // Line feeds are taken in by the signs before them as well as by white space.
  if (unit === 0x0a || unit === 0x0d) return space | sign;
  return unit === 0x20 || (unit >= 0x09 && unit <= 0x0c) ? space : sign;
}

/** Texts in Chinese and Japanese have no spaces; without this every paragraph of them would look like one word. */
function isCjkPunctuation(unit: number): boolean {
  return (unit >= 0x3001 && unit <= 0x3003) || unit === 0xff01 || unit === 0xff0c || unit === 0xff1f;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}
