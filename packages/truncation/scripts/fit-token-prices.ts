import { writeFileSync } from "node:fs";
import * as cl100k from "gpt-tokenizer/encoding/cl100k_base";
import * as o200k from "gpt-tokenizer/encoding/o200k_base";

/**
 * Writes `src/tokens/token-prices.ts`: what the estimate knows of the two vocabularies. Nothing but the vocabularies
 * goes in, and the randomness is seeded, so that the same version of gpt-tokenizer gives the same file. Minutes.
 */
const asText = { disallowedSpecial: new Set<string>() };

/** Tokens of a text by the vocabulary that needs more of them. */
function dearer(text: string): number {
  return Math.max(o200k.countTokens(text, asText), cl100k.countTokens(text, asText));
}

/**
 * Runs of code points of equal cost, from U+0080 to U+1FFFF, each as `length * 4 + cost - 1` in base 36. Outside of the
 * basic plane a run of fewer than 8 belongs to its neighbours: rare signs may come out too dear.
 */
function characterRuns(): string {
  const last = 0x1ffff;
  const costs: number[] = [];
  for (let code = 0x80; code <= last; code++) {
    // Half of a surrogate pair becomes U+FFFD, three bytes.
    costs.push(code >= 0xd800 && code <= 0xdfff ? 3 : dearer(String.fromCodePoint(code)));
  }
  const runs: { cost: number; length: number }[] = [];
  for (let at = 0; at < costs.length; ) {
    const cost = costs[at] ?? 4;
    let end = at;
    while (end < costs.length && costs[end] === cost) end += 1;
    const astral = at + 0x80 > 0xffff;
    const taken = astral && end - at < 8 ? 4 : cost;
    const before = runs.at(-1);
    if (before?.cost === taken) before.length += end - at;
    else runs.push({ cost: taken, length: end - at });
    at = end;
  }
  return runs.map(({ cost, length }) => (length * 4 + cost - 1).toString(36)).join(" ");
}

const letters = "abcdefghijklmnopqrstuvwxyz";
const marks = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

let seed = 7;
function random(): number {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return seed / 2 ** 32;
}

function pickFrom<Item>(items: readonly Item[]): Item {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new Error("There is nothing to pick from.");
  return item;
}

/**
 * What each pair of neighbours adds to the one token of a run, by stochastic gradient descent on entries of the
 * vocabularies (the more common the more often), two of them together, and random runs. In tenths, a digit for each.
 */
function pairPrices(alphabet: string, lead: string): string {
  const size = alphabet.length;
  const index = new Map(Array.from(alphabet, (sign, at) => [sign, at]));
  const entries = [...entriesOf(o200k, 199_998), ...entriesOf(cl100k, 100_256)].filter(
    ({ text }) => text.length > 1 && Array.from(text).every((sign) => index.has(sign)),
  );
  let total = 0;
  const sums = entries.map(({ weight }) => {
    total += weight;
    return total;
  });
  const entry = (): string => {
    const wanted = random() * total;
    let [low, high] = [0, sums.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] ?? 0) < wanted) low = middle + 1;
      else high = middle;
    }
    return entries[low]?.text ?? "";
  };
  const anything = (): string =>
    Array.from({ length: 2 + Math.floor(random() * 14) }, () => pickFrom([...alphabet])).join("");
  const prices = new Float64Array(size * size).fill(0.2);
  const steps = 200_000;
  for (let step = 0; step < steps; step++) {
    const kind = random();
    const text = kind < 0.45 ? entry() : kind < 0.65 ? entry() + entry() : anything();
    const pairs = Array.from({ length: text.length - 1 }, (_, at) => {
      return (index.get(text.charAt(at)) ?? 0) * size + (index.get(text.charAt(at + 1)) ?? 0);
    });
    const priced = pairs.reduce((sum, pair) => sum + (prices[pair] ?? 0), 1);
    const error = dearer(lead + text) - priced;
    const rate = (0.12 * (1 - step / steps)) / pairs.length;
    for (const pair of pairs) prices[pair] = Math.max(0, (prices[pair] ?? 0) + rate * error);
  }
  return Array.from(prices, (price) => Math.min(9, Math.round(price * 10))).join("");
}

function entriesOf(
  vocabulary: { decode(tokens: number[]): string },
  size: number,
): { readonly text: string; readonly weight: number }[] {
  return Array.from({ length: size }, (_, rank) => ({
    text: vocabulary.decode([rank]).trim(),
    weight: 1 / (rank + 500),
  }));
}

function inLines(text: string): string {
  const lines = text.match(/.{1,100}/g) ?? [];
  return lines.map((line) => `  ${JSON.stringify(line)}`).join(" +\n");
}

const file = `// Written by scripts/fit-token-prices.ts from the vocabularies of gpt-tokenizer.

/**
 * What each character from U+0080 to U+1FFFF costs by itself under the dearer of o200k_base and cl100k_base: runs of
 * equal cost, each as \`length * 4 + cost - 1\` in base 36.
 */
export const characterRuns: string =
${inLines(characterRuns())};

/** What two neighbours add to the one token of a word, in tenths: a row for each letter, a digit for the next one. */
export const letterPairs: string =
${inLines(pairPrices(letters, " "))};

export const pairedMarks: string = ${JSON.stringify(marks)};

/** The same for signs of ASCII, in the order of \`pairedMarks\`. */
export const markPairs: string =
${inLines(pairPrices(marks, ""))};
`;
writeFileSync(new URL("../src/tokens/token-prices.ts", import.meta.url), file);
