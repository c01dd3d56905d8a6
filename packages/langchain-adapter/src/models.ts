import type { EmbeddingsInterface } from "@langchain/core/embeddings";
import type { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { type CallOptions, defaultLimits, type Embedder, type Summarizer } from "@relevo/core";
import {
  abortable,
  admitCall,
  admitFields,
  admitId,
  admitInteger,
  admitOptions,
  type FieldTable,
  fieldTable,
  refuse,
  throwIfAborted,
} from "@relevo/core/input";
import { modelSummarizer } from "@relevo/truncation";

export interface LangChainEmbedderOptions {
  readonly embeddings: EmbeddingsInterface;
  /** Identifies the vector space: the name of the model, with what else changes its vectors. */
  readonly model: string;
  /** The length of the vectors. */
  readonly dimensions: number;
}

const embedderFields: FieldTable = fieldTable<LangChainEmbedderOptions>({
  embeddings: "selects",
  model: "selects",
  dimensions: "selects",
});

/**
 * Embeddings of LangChain as an `Embedder`. Batching and retries are those of the embeddings. They take no signal, so an
 * abort ends the wait and not the request.
 *
 * @throws `invalid-input` that names the option; from `embed` what the embeddings throw, and `aborted`.
 */
export function createLangChainEmbedder(given: LangChainEmbedderOptions): Embedder {
  const { embeddings, model, dimensions } = admitFields(given, "options", embedderFields);
  if (typeof embeddings?.embedDocuments !== "function")
    throw refuse("options.embeddings", "must be embeddings of LangChain, with embedDocuments().");
  if (typeof model !== "string" || model === "") throw refuse("options.model", "must name the model.");
  admitInteger(dimensions, "options.dimensions", 1);
  return {
    model,
    dimensions,
    async embed(texts: readonly string[], options?: CallOptions) {
      const { signal } = admitCall(options);
      if (texts.length === 0) return [];
      return await abortable(embeddings.embedDocuments([...texts]), { signal });
    },
  };
}

export interface LangChainSummarizerOptions {
  /** Recorded with each summary; the name of the model's class when left out. */
  readonly name?: string | undefined;
  /** The name of the model, recorded with each summary. */
  readonly model?: string | undefined;
  /** The most tokens of the prompt, by an estimate; 32,000 when left out. */
  readonly maxPromptTokens?: number | undefined;
}

const summarizerFields: FieldTable = fieldTable<LangChainSummarizerOptions>({
  name: "refines",
  model: "refines",
  maxPromptTokens: "refines",
});

/**
 * A chat model of LangChain as a `Summarizer`, see `modelSummarizer` of `@relevo/truncation` for what it promises. The model's
 * own settings bound the length of its answer.
 *
 * @throws `invalid-input` that names the option.
 */
export function createLangChainSummarizer(
  chatModel: Pick<BaseChatModel, "invoke" | "getName">,
  given?: LangChainSummarizerOptions,
): Summarizer {
  const { name, ...options } = admitOptions(given, summarizerFields);
  if (typeof chatModel?.invoke !== "function")
    throw refuse("chatModel", "must be a chat model of LangChain, with invoke().");
  if (name !== undefined) admitId(name, "options.name", defaultLimits);
  return modelSummarizer({
    ...options,
    name: name ?? chatModel.getName?.() ?? "model",
    async call(prompt, { signal }) {
      throwIfAborted(signal);
      const answer = await chatModel.invoke([...prompt], signal === undefined ? {} : { signal });
      return answer.text;
    },
  });
}
