/** How one question went: where its evidence stands among the hits, from 1; `undefined` for what was not found. */
export interface AnsweredQuestion {
  readonly category: string;
  readonly ranks: readonly (number | undefined)[];
}

export const depths = [1, 5, 10, 25, 50] as const;

type Metric = "mrr" | `recall@${number}` | `strict@${number}`;

/** A mean over questions, with the interval that holds 90 % of the means of resampled questions. */
export interface Figure {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

export type RecallFigures = { readonly [metric in Metric]: Figure } & { readonly questions: number };

const metrics: readonly (readonly [Metric, (answered: AnsweredQuestion) => number])[] = [
  ...depths.map((depth): readonly [Metric, (answered: AnsweredQuestion) => number] => [
    `recall@${depth}`,
    ({ ranks }) => within(ranks, depth) / ranks.length,
  ]),
  ["mrr", ({ ranks }) => Math.max(...ranks.map((rank) => (rank === undefined ? 0 : 1 / rank)))],
  ...depths.map((depth): readonly [Metric, (answered: AnsweredQuestion) => number] => [
    `strict@${depth}`,
    ({ ranks }) => (within(ranks, depth) === ranks.length ? 1 : 0),
  ]),
];

/**
 * Recall at each depth (the share of the evidence among the best k), the mean reciprocal rank of the first evidence, and
 * the share of questions with all their evidence among the best k.
 */
export function recallFigures(answered: readonly AnsweredQuestion[]): RecallFigures {
  const figures = metrics.map(([metric, measure]) => [metric, figureOf(answered.map(measure))]);
  return { questions: answered.length, ...Object.fromEntries(figures) } as RecallFigures;
}

function within(ranks: readonly (number | undefined)[], depth: number): number {
  return ranks.filter((rank) => rank !== undefined && rank <= depth).length;
}

const resamplings = 1000;

function figureOf(values: readonly number[]): Figure {
  const random = createRandom(20261126);
  const means: number[] = [];
  for (let round = 0; round < resamplings; round++) {
    let sum = 0;
    for (let index = 0; index < values.length; index++)
      sum += values[Math.floor(random() * values.length)] ?? 0;
    means.push(sum / values.length);
  }
  means.sort((a, b) => a - b);
  return {
    mean: values.reduce((sum, value) => sum + value, 0) / values.length,
    low: means[Math.floor(resamplings * 0.05)] ?? 0,
    high: means[Math.floor(resamplings * 0.95)] ?? 0,
  };
}

/** Mulberry32: the same numbers in every run. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
