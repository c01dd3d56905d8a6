export { type ExtractiveSummarizerOptions, extractiveSummarizer } from "./extractive-summarizer.ts";
export { type ModelCallOptions, type ModelSummarizerOptions, modelSummarizer } from "./model-summarizer.ts";
export {
  type PromptMessage,
  type SummaryPrompt,
  type SummaryPromptOptions,
  summaryPrompt,
} from "./summary-prompt.ts";
