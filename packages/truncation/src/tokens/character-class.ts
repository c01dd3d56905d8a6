/** Kinds of characters that tokenizers treat the same way. */
export const kinds = {
  space: 0,
  newline: 1,
  digit: 2,
  lower: 3,
  upper: 4,
  punctuation: 5,
  accented: 6,
  cyrillic: 7,
  han: 8,
  kana: 9,
  hangul: 10,
  mark: 11,
  emoji: 12,
  joiner: 13,
  script: 14,
  other: 15,
} as const;

export type Kind = (typeof kinds)[keyof typeof kinds];

/** Each kind up to and with its last code point; coarse on purpose, blocks and not characters. */
const ranges: readonly (readonly [number, Kind])[] = [
  [0x9f, kinds.other],
  [0xa0, kinds.space],
  [0xbf, kinds.mark],
  [0x24f, kinds.accented],
  [0x2ff, kinds.other],
  [0x36f, kinds.joiner],
  [0x3ff, kinds.script],
  [0x52f, kinds.cyrillic],
  [0x1dff, kinds.script],
  [0x1eff, kinds.accented],
  [0x1fff, kinds.script],
  [0x200a, kinds.space],
  [0x200f, kinds.joiner],
  [0x2027, kinds.mark],
  [0x2029, kinds.newline],
  [0x25ff, kinds.mark],
  [0x2bff, kinds.emoji],
  [0x2fff, kinds.other],
  [0x3003, kinds.mark],
  [0x3007, kinds.han],
  [0x303f, kinds.mark],
  [0x30ff, kinds.kana],
  [0x33ff, kinds.other],
  [0x9fff, kinds.han],
  [0xabff, kinds.other],
  [0xd7af, kinds.hangul],
  [0xf8ff, kinds.other],
  [0xfaff, kinds.han],
  [0xfdff, kinds.script],
  [0xfe0f, kinds.joiner],
  [0xfeff, kinds.script],
  [0xff0f, kinds.mark],
  [0xff19, kinds.other],
  [0xff20, kinds.mark],
  [0xffff, kinds.other],
  [0x1f1e5, kinds.other],
  [0x1f3fa, kinds.emoji],
  [0x1f3ff, kinds.joiner],
  [0x1faff, kinds.emoji],
  [0x1ffff, kinds.other],
  [0x323af, kinds.other],
];

const lasts: readonly number[] = ranges.map(([last]) => last);

/** Most text is below this; the rest is found by binary search. */
const tableSize = 0x250;
const table: Uint8Array = Uint8Array.from({ length: tableSize }, (_, code) =>
  code < 0x80 ? asciiKind(code) : rangeKind(code),
);

/** The kind of a code point: a table for Latin, ranges for the rest. Never fails, lone surrogates are `other`. */
export function kindOf(codePoint: number): Kind {
  return codePoint < tableSize ? (table[codePoint] as Kind) : rangeKind(codePoint);
}

function rangeKind(codePoint: number): Kind {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((lasts[middle] ?? 0) < codePoint) low = middle + 1;
    else high = middle;
  }
  return ranges[low]?.[1] ?? kinds.other;
}

function asciiKind(code: number): Kind {
  if (code === 0x0a || code === 0x0d) return kinds.newline;
  if (code === 0x20 || code === 0x09) return kinds.space;
  if (code >= 0x30 && code <= 0x39) return kinds.digit;
  if (code >= 0x61 && code <= 0x7a) return kinds.lower;
  if (code >= 0x41 && code <= 0x5a) return kinds.upper;
  return code < 0x20 || code === 0x7f ? kinds.other : kinds.punctuation;
}
