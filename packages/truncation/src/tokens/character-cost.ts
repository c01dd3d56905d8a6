import { characterRuns, letterPairs, markPairs, pairedMarks } from "./token-prices.ts";

const first = 0x80;
const beyond = 4;

const costs: Uint8Array = decoded();

function decoded(): Uint8Array {
  const runs = characterRuns.split(" ").map((run) => Number.parseInt(run, 36));
  const size = runs.reduce((sum, run) => sum + (run >> 2), 0);
  const table = new Uint8Array(size);
  let at = 0;
  for (const run of runs) {
    const end = at + (run >> 2);
    table.fill((run & 3) + 1, at, end);
    at = end;
  }
  return table;
}

/** Tokens of a character by itself, under the dearer of two vocabularies: 1 for ASCII, at most 4. */
export function characterCost(codePoint: number): number {
  return codePoint < first ? 1 : (costs[codePoint - first] ?? beyond);
}

const firstLetter = 0x61;
const letters = 26;
const letterPrices: Float64Array = pricesOf(letterPairs);

/** What a letter adds behind another one, both of ASCII and small. */
export function letterPairPrice(left: number, right: number): number {
  return letterPrices[(left - firstLetter) * letters + right - firstLetter] ?? 0;
}

const markPrices: Float64Array = pricesOf(markPairs);
const markPlaces: Uint8Array = Uint8Array.from({ length: 0x80 }, (_, code) =>
  Math.max(0, pairedMarks.indexOf(String.fromCharCode(code))),
);

/** What a sign of ASCII adds behind another one. */
export function markPairPrice(left: number, right: number): number {
  return markPrices[(markPlaces[left] ?? 0) * pairedMarks.length + (markPlaces[right] ?? 0)] ?? 0;
}

function pricesOf(tenths: string): Float64Array {
  return Float64Array.from(tenths, (digit) => Number(digit) / 10);
}
