export { type ExtractiveSummarizerOptions, extractiveSummarizer } from "./extractive-summarizer.ts";
export { type ModelCallOptions, type ModelSummarizerOptions, modelSummarizer } from "./model-summarizer.ts";
export { type PromptMessage, summaryPrompt } from "./summary-prompt.ts";
