import { refuse } from "@relevo/core/input";
import { partsOfStrategy, type Strategy, strategyOf } from "./strategy.ts";

/**
 * One strategy of several: each works on the result of those before it. Put `summarize` before strategies that cut, and
 * the budget last, so that its limit holds.
 *
 * @throws `invalid-input` for none, or for a strategy that this package did not make.
 * @example
 * ```ts
 * const view = compose(summarize({ ...options }), tokenBudget({ maxTokens: 8000, counter }));
 * ```
 */
export function compose(...strategies: readonly Strategy[]): Strategy {
  if (strategies.length === 0) throw refuse("strategies", "must have at least one.");
  const parts = strategies.map((strategy, index) => {
    const found = partsOfStrategy(strategy);
    if (found === undefined)
      throw refuse(`strategies[${index}]`, "must be a strategy that this package made, such as window().");
    return found;
  });
  // Nothing behind the first stage reads further back, but for one that summarizes.
  const choosing = parts.filter(({ describesDataUrls }) => describesDataUrls !== true);
  // Alone it reads everything; in a composition the others decide what is read.
  const readers = choosing.length === 0 ? parts.slice(0, 1) : choosing;
  const deep = readers.filter(({ readsSummaries }, index) => index === 0 || readsSummaries);
  return strategyOf({
    name: `compose(${parts.map(({ name }) => name).join(", ")})`,
    stages: readers.flatMap(({ stages }) => stages),
    firstPage: Math.max(...deep.map(({ firstPage }) => firstPage)),
    readsSummaries: parts.some(({ readsSummaries }) => readsSummaries),
    describesDataUrls: parts.some(({ describesDataUrls }) => describesDataUrls === true),
  });
}
