import { Scratch } from "../src/scoring/lexical.ts";
import { scoreQuestion } from "../src/scoring/score-question.ts";
import type { Weights } from "../src/scoring/weights.ts";
import { type AskedQuestion, keyOf } from "./recall-questions.ts";

export const depths = [1, 5, 10, 25, 50] as const;

/** Means over questions. */
export interface Measures {
  readonly recall: readonly number[];
  readonly mrr: number;
}

const scratch: Scratch = new Scratch();

/** The ranks of the evidence of a question, from 1; infinite for what is not among the best. */
export function ranksOf(asked: AskedQuestion, weights: Weights): readonly number[] {
  const deepest = depths[depths.length - 1] ?? 0;
  const found = scoreQuestion(asked.reading, asked.question, deepest, scratch, weights);
  const keys = found.map(({ source }) => keyOf(source));
  return asked.evidence.map((key) => {
    const place = keys.indexOf(key);
    return place < 0 ? Number.POSITIVE_INFINITY : place + 1;
  });
}

export function measuresOf(ranks: readonly (readonly number[])[]): Measures {
  const mean = (measure: (one: readonly number[]) => number): number =>
    ranks.reduce((sum, one) => sum + measure(one), 0) / Math.max(1, ranks.length);
  return {
    recall: depths.map((depth) => mean((one) => one.filter((rank) => rank <= depth).length / one.length)),
    mrr: mean((one) => 1 / Math.min(...one)),
  };
}

export function shown({ recall, mrr }: Measures): string {
  return `${recall.map((share) => (100 * share).toFixed(1)).join(" ")}  ${mrr.toFixed(3)}`;
}
