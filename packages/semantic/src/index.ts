export { analysisVersion } from "./analysis/create-analysis.ts";
export type { LanguageName } from "./analysis/language.ts";
export { createSearchIndex } from "./index/create-search-index.ts";
export { createRecall, type RecallOptions, type StoreRecall } from "./recall/create-recall.ts";
