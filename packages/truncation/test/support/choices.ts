import fc from "fast-check";
import { compose, type Strategy, tokenBudget, window } from "../../src/index.ts";
import type { Promises } from "./check-view.ts";
import { counter } from "./play.ts";

/** A strategy with drawn options; made anew for each history, shown by its name when a history fails. */
export interface Choice {
  create(): { readonly strategy: Strategy; readonly promises: Promises };
  toString(): string;
}

function choice(make: () => Strategy, promises: Promises = {}): Choice {
  return {
    create: () => ({ strategy: make(), promises }),
    toString: () => make().name,
  };
}

const share = fc.constantFrom(0, 0.3, 0.5, 1);

const windows: fc.Arbitrary<Choice> = fc
  .tuple(fc.boolean(), fc.integer({ min: 1, max: 30 }), share)
  .map(([turns, size, low]) => {
    const marks = { low: Math.max(1, Math.ceil(size * low)) };
    return choice(() => window(turns ? { turns: size, ...marks } : { messages: size, ...marks }));
  });

const budgets: fc.Arbitrary<Choice> = fc
  .tuple(fc.integer({ min: 5, max: 600 }), fc.nat(20), share)
  .map(([size, reserve, low]) => {
    const marks = { low: Math.max(1, Math.ceil(size * low)) };
    const options = { maxTokens: size + reserve, counter, reserve, ...marks };
    return choice(() => tokenBudget(options), { counter, maxTokens: size });
  });

const composed: fc.Arbitrary<Choice> = fc
  .tuple(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 20, max: 300 }))
  .map(([messages, maxTokens]) =>
    choice(() => compose(window({ messages }), tokenBudget({ maxTokens, counter })), { counter, maxTokens }),
  );

/** Every strategy, with any options that it takes. */
export const strategies: readonly { readonly name: string; readonly arbitrary: fc.Arbitrary<Choice> }[] = [
  { name: "window", arbitrary: windows },
  { name: "tokenBudget", arbitrary: budgets },
  { name: "compose", arbitrary: composed },
];
