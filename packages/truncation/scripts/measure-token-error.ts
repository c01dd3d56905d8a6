import type { TokenCounter } from "@relevo/core";
import { corpus, corpusMessages } from "./token-corpus.ts";

/** How far a counter is off in one section: shares of the true count, without their sign but for `bias`. */
export interface TokenError {
  readonly section: string;
  readonly samples: number;
  readonly bias: number;
  readonly median: number;
  readonly p95: number;
  readonly worst: number;
}

/** Measures `counter` against `truth` in each section, on whole messages, and over all of them. */
export function measureTokenError(counter: TokenCounter, truth: TokenCounter): readonly TokenError[] {
  const sections = corpus.map(({ name, texts }) => ({
    name,
    errors: texts.map((text) => counter.countText(text) / truth.countText(text) - 1),
  }));
  const messages = corpusMessages.map(
    (message) => counter.countMessage(message) / truth.countMessage(message) - 1,
  );
  const all = [...sections, { name: "tool messages", errors: messages }];
  return [...all, { name: "all", errors: all.flatMap(({ errors }) => errors) }].map(({ name, errors }) => {
    const sizes = errors.map(Math.abs).toSorted((one, other) => one - other);
    return {
      section: name,
      samples: errors.length,
      bias: errors.reduce((sum, error) => sum + error, 0) / errors.length,
      median: quantile(sizes, 0.5),
      p95: quantile(sizes, 0.95),
      worst: quantile(sizes, 1),
    };
  });
}

/** The smallest value that at least this share of the values does not pass. */
function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}
