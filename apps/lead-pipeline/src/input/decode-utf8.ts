/** Bytes that are not UTF-8, and where. */
export interface LostBytes {
  /** From 1. */
  readonly line: number;
  /** From 0, in the file. */
  readonly offset: number;
  /** Hexadecimal: `f1` or `e2 82`. */
  readonly bytes: string;
}

export interface Utf8Survey {
  /** The first of them, at most `maxListed`. */
  readonly lost: readonly LostBytes[];
  readonly lostCount: number;
  /** Characters outside ASCII that are encoded as they should be. */
  readonly encodedCount: number;
}

const maxListed = 5;

/** Looks at bytes that a strict decoder refused: what in them is UTF-8, and what is not. Linear. */
export function surveyUtf8(bytes: Uint8Array): Utf8Survey {
  const lost: LostBytes[] = [];
  let lostCount = 0;
  let encodedCount = 0;
  let line = 1;
  for (let at = 0; at < bytes.length; ) {
    const byte = bytes[at] ?? 0;
    if (byte < 0x80) {
      if (byte === 10 || (byte === 13 && bytes[at + 1] !== 10)) line++;
      at++;
      continue;
    }
    const { length, complete } = sequenceAt(bytes, at);
    if (complete) encodedCount++;
    else {
      lostCount++;
      if (lost.length < maxListed) {
        lost.push({ line, offset: at, bytes: Buffer.from(bytes.subarray(at, at + length)).toString("hex") });
      }
    }
    at += length;
  }
  return { lost, lostCount, encodedCount };
}

/**
 * A sequence, or as much of one as a decoder replaces by one U+FFFD (the Unicode Standard, table 3-7 and "maximal
 * subpart").
 */
function sequenceAt(bytes: Uint8Array, at: number): { readonly length: number; readonly complete: boolean } {
  const lead = bytes[at] ?? 0;
  const wanted = lead < 0xc2 || lead > 0xf4 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
  let least = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  let most = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  let found = 0;
  for (; found < wanted; found++) {
    const next = bytes[at + 1 + found] ?? 0;
    if (next < least || next > most) break;
    least = 0x80;
    most = 0xbf;
  }
  return { length: found + 1, complete: wanted > 0 && found === wanted };
}
