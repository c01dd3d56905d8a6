/** Texts up to this many characters are indexed as a whole; longer ones in pieces. */
const pieceLength = 2000;
/** What two pieces share, so that a sentence at the cut is whole in one of them. */
const overlap = 200;

/** Pieces of one text have positions this far apart; a text has fewer than a million pieces. */
export const pieceStep: number = 2 ** -20;

/** A text in pieces that end between words where they can. One piece for a text that is not long. */
export function piecesOf(text: string): readonly string[] {
  if (text.length <= pieceLength * 1.5) return [text];
  const pieces: string[] = [];
  let from = 0;
  while (text.length - from > pieceLength * 1.5) {
    const window = text.slice(from, from + pieceLength);
    const space = Math.max(window.lastIndexOf("\n"), window.lastIndexOf(" "));
    const length = space > pieceLength / 2 ? space : wholeCharacters(window);
    pieces.push(text.slice(from, from + length));
    from += Math.max(1, length - overlap);
    // A cut must not leave half of a surrogate pair.
    if (/[\udc00-\udfff]/.test(text.charAt(from))) from++;
  }
  pieces.push(text.slice(from));
  return pieces;
}

function wholeCharacters(window: string): number {
  return /[\ud800-\udbff]$/.test(window) ? window.length - 1 : window.length;
}
