import { type Strategy, strategyOf } from "./strategy.ts";

/**
 * Shows `[image/png, 221 kB]` in place of each data URL inside of a text or a result. To a provider such a string is
 * text, and costs as text: a screenshot that a tool returned so fills a model's context with characters that it
 * cannot see. Images and files in parts of their own stay. The log keeps everything. For `compose`, in any place.
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
    readsSummaries: false,
    describesDataUrls: true,
  });
}
