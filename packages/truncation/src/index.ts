export type { ArrayOptions } from "./history/array-source.ts";
export { compose } from "./strategies/compose.ts";
export { describeDataUrls } from "./strategies/data-urls.ts";
export type { Strategy } from "./strategies/strategy.ts";
export { type Amount, type SummarizeOptions, summarize } from "./strategies/summarize.ts";
export { type BudgetReserve, type TokenBudgetOptions, tokenBudget } from "./strategies/token-budget.ts";
export { type WindowOptions, window } from "./strategies/window.ts";
export {
  type ExtractiveSummarizerOptions,
  extractiveSummarizer,
  type ModelCallOptions,
  type ModelSummarizerOptions,
  modelSummarizer,
  type PromptMessage,
  type SummaryPromptOptions,
  summaryPrompt,
} from "./summarizers/index.ts";
export {
  type CachedCounter,
  type CalibratedCounter,
  type CalibrationOptions,
  type CalibrationState,
  cachedCounter,
  calibratedCounter,
  countRequest,
  countToolDefinitions,
  customCounter,
  defaultImageTokens,
  estimateCounter,
  type GptCounterOptions,
  type GptEncoding,
  type GptEncodingModule,
  gptCounter,
  imageTokens,
  isCachedCounter,
  messageTokens,
  type StoredTokens,
  type ToolDefinition,
  tokensPerMessage,
  tokensPerReply,
  tokensPerToolCall,
  type UsageObservation,
} from "./tokens/index.ts";
export { expand, expandArray } from "./view/expand.ts";
