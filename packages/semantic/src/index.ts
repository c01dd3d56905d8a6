export { analysisVersion } from "./analysis/create-analysis.ts";
export type { LanguageName } from "./analysis/language.ts";
export {
  type CachedEmbedder,
  type CachedEmbedderOptions,
  createCachedEmbedder,
} from "./embedders/cached-embedder.ts";
export { createHashingEmbedder, type HashingEmbedderOptions } from "./embedders/hashing-embedder.ts";
export {
  createHttpEmbedder,
  type FetchEmbeddings,
  type HttpEmbedderOptions,
} from "./embedders/http-embedder.ts";
export {
  createTransformersEmbedder,
  type FeatureExtraction,
  type LocalEmbedder,
  type TransformersEmbedderOptions,
  type TransformersModule,
} from "./embedders/transformers-embedder.ts";
export {
  createFacts,
  type Facts,
  type FactsOptions,
  type WriteFactsOptions,
  type WrittenFacts,
} from "./facts/create-facts.ts";
export {
  createPromptedFactWriter,
  type PromptedFactWriterOptions,
} from "./facts/prompted-fact-writer.ts";
export {
  createSearchIndex,
  type InProcessSearchIndex,
  type SearchIndexOptions,
} from "./index/create-search-index.ts";
export { createRecall, type RecallOptions, type StoreRecall } from "./recall/create-recall.ts";
export type { IndexingPolicy } from "./recall/policy.ts";
export type { IndexOptions, IndexProgress } from "./recall/rewrite-index.ts";
