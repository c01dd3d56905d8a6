import { largestPage } from "./first-page.ts";
import { type Strategy, strategyOf } from "./strategy.ts";

/**
 * Replaces each data URL in a text or a result by a description such as `[image/png, 221 kB]`. Providers treat such a
 * string as text and bill it as text: a screenshot that a tool returned in this form fills the context with characters
 * that mean nothing to the model. Images and files in parts of their own are not changed, and neither is the log. Use
 * it anywhere in `compose`.
 *
 * @example
 * ```ts
 * const view = compose(describeDataUrls(), tokenBudget({ maxTokens: 8000 }));
 * ```
 */
export function describeDataUrls(): Strategy {
  return strategyOf({
    name: "describeDataUrls",
    stages: [(state) => state.history.readAll()],
    firstPage: largestPage,
    readsSummaries: false,
    describesDataUrls: true,
  });
}
