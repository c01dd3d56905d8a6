import type { SearchItem, SearchTerm } from "@relevo/core";

/** Mulberry32: the same numbers in every run. */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const vocabularySize = 20_000;
/** Flattens the law of Zipf at its head, where stop words would stand: the commonest word is in one message of five. */
const zipfOffset = 5;
const syllables =
  "ba be bi bo da de di do ka ke ki ko la le li lo ma me mi mo na ne ni no ra re ri ro sa se si so".split(
    " ",
  );

export interface RandomMessages {
  /** The number of a word, common ones more often. */
  word(): number;
  text(words: number): string;
  /** An analysed message of about ten words. */
  item(position: number): SearchItem;
}

/** Messages of made-up words whose frequencies are those of a language. */
export function randomMessages(seed: number): RandomMessages {
  const random = randomFrom(seed);
  const spread = Math.log((vocabularySize + zipfOffset) / zipfOffset);
  const word = (): number => Math.floor(zipfOffset * (Math.exp(random() * spread) - 1));
  const nameOf = (number: number): string => {
    let name = "";
    for (let rest = number + syllables.length; rest > 0; rest = Math.floor(rest / syllables.length))
      name += syllables[rest % syllables.length] ?? "";
    return name;
  };
  return {
    word,
    text(words) {
      const sentence = Array.from({ length: words }, () => nameOf(word())).join(" ");
      return `${sentence}${random() < 0.2 ? "?" : "."}`;
    },
    item(position) {
      const isQuestion = random() < 0.2;
      const counts = new Map<number, number>();
      for (let left = 4 + Math.floor(random() * 14); left > 0; left--) {
        const one = word();
        counts.set(one, Math.min(255, (counts.get(one) ?? 0) + 1));
      }
      return {
        position,
        terms: [...counts].map(
          ([one, count]): SearchTerm => (isQuestion ? [`t${one}`, 0, count] : [`t${one}`, count, 0]),
        ),
        at: 1_700_000_000_000 + position * 60_000,
        marks: isQuestion ? 1 : 0,
        speaker: position % 2 === 0 ? "nora" : "piet",
      };
    },
  };
}
