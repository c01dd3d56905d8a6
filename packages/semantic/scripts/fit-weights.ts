import { usualWeights, type Weights } from "../src/scoring/weights.ts";
import { type Measures, measuresOf, ranksOf } from "./recall-measures.ts";
import type { AskedQuestion } from "./recall-questions.ts";

/** Nothing, for what a word counts in a neighbour: the score takes 0 for a message that it has not touched. */
const hardly = 1e-9;

/** BM25 as in a textbook: no neighbours, no sessions, no dates, no speakers. */
export const plainWeights: Weights = {
  ...usualWeights,
  k1: 1.2,
  b: 0.75,
  own: { statement: 1, question: 1 },
  afterOne: { statement: hardly, question: hardly },
  afterTwo: { statement: hardly, question: hardly },
  before: { statement: hardly, question: hardly },
  session: 0,
  around: 0,
  date: 0,
  event: 0,
  opening: 0,
  subject: 0,
  asks: 0,
  answersKind: 0,
  tellsWhen: 0,
  tellsName: 0,
};

interface Knob {
  readonly name: string;
  readonly values: readonly number[];
  set(weights: Weights, value: number): Weights;
}

function knob(name: keyof Weights, ...values: readonly number[]): Knob {
  return { name, values, set: (weights, value) => ({ ...weights, [name]: value }) };
}

type Zone = "own" | "afterOne" | "afterTwo" | "before";

function zone(name: Zone, part: "statement" | "question", ...values: readonly number[]): Knob {
  return {
    name: `${name}.${part}`,
    values: values.map((value) => Math.max(value, hardly)),
    set: (weights, value) => ({ ...weights, [name]: { ...weights[name], [part]: value } }),
  };
}

/** Everything that is fitted, with what is tried. What a statement counts for itself is 1. */
const knobs: readonly Knob[] = [
  knob("k1", 0.6, 0.9, 1.2, 1.6, 2),
  knob("b", 0, 0.15, 0.3, 0.5, 0.75),
  zone("own", "question", 0.2, 0.4, 0.6, 0.8, 1),
  zone("afterOne", "question", 0, 0.3, 0.6, 0.8, 1, 1.2),
  zone("afterOne", "statement", 0, 0.05, 0.1, 0.2, 0.3),
  zone("afterTwo", "statement", 0, 0.05, 0.1, 0.2, 0.3),
  zone("afterTwo", "question", 0, 0.05, 0.1, 0.2, 0.3),
  zone("before", "statement", 0, 0.05, 0.1, 0.2, 0.3),
  zone("before", "question", 0, 0.05, 0.1, 0.2, 0.3),
  knob("session", 0, 0.1, 0.2, 0.3, 0.4, 0.6),
  knob("around", 0, 0.1, 0.2, 0.3, 0.4, 0.6),
  knob("date", 0, 0.3, 0.6, 0.9, 1.2, 1.6),
  knob("event", 0, 0.3, 0.6, 0.9, 1.2),
  knob("subject", 0, 0.1, 0.2, 0.3, 0.5),
  knob("asks", 0, -0.1, -0.15, -0.2, -0.3),
  knob("answersKind", 0, 0.2, 0.35, 0.5, 0.7),
  knob("tellsWhen", 0, 0.2, 0.4, 0.6, 0.8, 1),
  knob("tellsName", 0, 0.2, 0.35, 0.5, 0.7),
  knob("opening", 0, 0.03, 0.05, 0.08, 0.12),
];

/** Of equal weight: the first five, the first ten, the first hit. */
function quality({ recall, mrr }: Measures): number {
  return (recall[1] ?? 0) + (recall[2] ?? 0) + mrr;
}

/**
 * Climbs from plain BM25: each constant in turn takes the value with the best quality, until a round changes nothing or three
 * rounds are over. Those named in `fixed` stay as they are in plain BM25.
 */
export function fitWeights(questions: readonly AskedQuestion[], fixed: ReadonlySet<string>): Weights {
  const judge = (weights: Weights): number =>
    quality(measuresOf(questions.map((asked) => ranksOf(asked, weights))));
  let best = plainWeights;
  let bestQuality = judge(best);
  for (let round = 0; round < 3; round++) {
    const before = bestQuality;
    for (const { name, values, set } of knobs) {
      if (fixed.has(name)) continue;
      for (const value of values) {
        const tried = set(best, value);
        const reached = judge(tried);
        if (reached <= bestQuality + 1e-9) continue;
        best = tried;
        bestQuality = reached;
      }
    }
    if (bestQuality === before) break;
  }
  return best;
}
