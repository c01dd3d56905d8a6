import type { Summarizer } from "@relevo/core";
import fc from "fast-check";
import { type Amount, compose, type Strategy, summarize, tokenBudget, window } from "../../src/index.ts";
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

/** Says what it was given; fails, or says nothing, for some lengths. */
function scripted(flawed: boolean): Summarizer {
  return {
    name: flawed ? "flawed" : "scripted",
    async summarize({ messages, previous }) {
      if (flawed && messages.length % 5 === 0) throw new Error("overloaded");
      if (flawed && messages.length % 7 === 0) return " ";
      return `${messages.length} more${previous === undefined ? "" : `, after ${previous.slice(0, 80)}`}`;
    },
  };
}

const summaries: fc.Arbitrary<Choice> = fc
  .record({
    trigger: fc.integer({ min: 2, max: 40 }),
    keep: fc.integer({ min: 1, max: 39 }),
    inTokens: fc.boolean(),
    flawed: fc.nat(3).map((value) => value === 0),
    overlap: fc.nat(3),
    chunkMessages: fc.constantFrom(3, 200),
    maxTokens: fc.option(fc.integer({ min: 20, max: 300 }), { nil: undefined, freq: 2 }),
  })
  .map(({ trigger, keep, inTokens, flawed, overlap, chunkMessages, maxTokens }) => {
    const amount = (size: number): Amount => (inTokens ? { tokens: size * 10 } : { messages: size });
    const make = (): Strategy => {
      const summary = summarize({
        trigger: amount(trigger),
        keep: amount(Math.min(keep, trigger - 1)),
        summarizer: scripted(flawed),
        counter,
        overlap,
        chunkMessages,
      });
      return maxTokens === undefined ? summary : compose(summary, tokenBudget({ maxTokens, counter }));
    };
    return choice(make, {
      summarizes: true,
      ...(maxTokens === undefined ? {} : { counter, maxTokens }),
      ...(flawed || chunkMessages < 200 ? { finishes: false } : {}),
    });
  });

/** Every strategy, with any options that it takes. */
export const strategies: readonly { readonly name: string; readonly arbitrary: fc.Arbitrary<Choice> }[] = [
  { name: "window", arbitrary: windows },
  { name: "tokenBudget", arbitrary: budgets },
  { name: "compose", arbitrary: composed },
  { name: "summarize", arbitrary: summaries },
];
