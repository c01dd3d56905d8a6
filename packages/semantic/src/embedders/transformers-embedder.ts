import { type Embedder, MemoryError } from "@relevo/core";
import {
  abortable,
  admitCall,
  admitInteger,
  admitOptions,
  type FieldTable,
  fieldTable,
  refuse,
} from "@relevo/core/input";
import { admitTexts, inBatches } from "./batches.ts";
import { checkVectors, type VectorSpace } from "./check-vectors.ts";

export interface TransformersEmbedderOptions {
  /** A sentence-embedding model in ONNX form on the Hugging Face Hub; `Xenova/all-MiniLM-L6-v2` when left out. */
  readonly model?: string | undefined;
  /** Of the model's vectors; 384 when left out. */
  readonly dimensions?: number | undefined;
  /** Where the model runs: `cpu`, `cuda`, `webgpu` …; what the library prefers when left out. */
  readonly device?: string | undefined;
  /** The precision of the weights: `fp32`, `q8` …; what the library prefers when left out. */
  readonly dtype?: string | undefined;
  /** Imports the library in place of `import("@huggingface/transformers")`, which is an optional peer. */
  readonly load?: (() => Promise<TransformersModule>) | undefined;
}

/** The part of `@huggingface/transformers` (version 3 and later) that is called. */
export interface TransformersModule {
  pipeline(
    task: "feature-extraction",
    model: string,
    options: { readonly device?: string; readonly dtype?: string },
  ): Promise<FeatureExtraction>;
}

export interface FeatureExtraction {
  (
    texts: string[],
    options: { readonly pooling: "mean"; readonly normalize: true },
  ): Promise<{ tolist(): unknown }>;
  dispose(): Promise<unknown>;
}

/** An embedder that has a model in memory. */
export interface LocalEmbedder extends Embedder, AsyncDisposable {}

const transformersFields: FieldTable = fieldTable<TransformersEmbedderOptions>({
  model: "refines",
  dimensions: "refines",
  device: "refines",
  dtype: "refines",
  load: "refines",
});

/**
 * An embedder that runs a model in this process with transformers.js. Install `@huggingface/transformers` beside this
 * package; the first call loads the model, from the library's cache or the Hugging Face Hub. It is loaded once for all
 * calls, so create one embedder and share it; a load that failed is tried again by the next call. Texts go through it
 * in batches of 32, one batch at a time: the model uses every core by itself. The model cuts long texts.
 *
 * Disposing it frees the model; calls after that are `closed`.
 *
 * @throws from `embed`: `unsupported` when the library is not installed; `unavailable` when the model cannot be loaded;
 *   `corrupt` for vectors of other dimensions, zero or not of numbers; `aborted`; `closed`.
 */
export function createTransformersEmbedder(options?: TransformersEmbedderOptions): LocalEmbedder {
  const given = admitOptions(options, transformersFields);
  const { model = "Xenova/all-MiniLM-L6-v2", device, dtype, load = importLibrary } = given;
  if (typeof model !== "string" || model === "") throw refuse("options.model", "must be a text.");
  const space: VectorSpace = {
    model,
    dimensions: admitInteger(given.dimensions ?? 384, "options.dimensions", 1),
  };
  let loading: Promise<FeatureExtraction> | undefined;
  let last: Promise<unknown> = Promise.resolve();
  let isClosed = false;

  function extraction(): Promise<FeatureExtraction> {
    loading ??= loadModel().catch((error: unknown) => {
      loading = undefined;
      throw error;
    });
    return loading;
  }

  async function loadModel(): Promise<FeatureExtraction> {
    const { pipeline } = await load();
    const where = { ...(device === undefined ? {} : { device }), ...(dtype === undefined ? {} : { dtype }) };
    try {
      return await pipeline("feature-extraction", model, where);
    } catch (cause) {
      const message = `The embedding model ${model} could not be loaded. It needs a network, or the library's cache.`;
      throw new MemoryError("unavailable", message, { cause });
    }
  }

  /** After the batches before it, whatever became of them. */
  function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = last.then(work, work);
    last = turn.catch(() => undefined);
    return turn;
  }

  async function embedBatch(
    texts: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly (readonly number[])[]> {
    const batch = inTurn(async () => {
      signal.throwIfAborted();
      requireOpen();
      const extract = await extraction();
      const output = await extract([...texts], { pooling: "mean", normalize: true });
      return checkVectors(output.tolist(), texts.length, space);
    });
    return await abortable(batch, { signal });
  }

  function requireOpen(): void {
    if (isClosed) throw new MemoryError("closed", "The embedder was disposed.");
  }

  return {
    ...space,
    async embed(texts, call) {
      const { signal } = admitCall(call);
      requireOpen();
      return await inBatches(admitTexts(texts), 1, { signal }, embedBatch);
    },
    async [Symbol.asyncDispose]() {
      isClosed = true;
      const loaded = loading;
      loading = undefined;
      await last;
      await (await loaded?.catch(() => undefined))?.dispose();
    },
  };
}

async function importLibrary(): Promise<TransformersModule> {
  // Not a literal: the compiler would look for an optional package.
  const library: string = "@huggingface/transformers";
  try {
    return (await import(library)) as TransformersModule;
  } catch (cause) {
    throw new MemoryError(
      "unsupported",
      `Install ${library} to embed in this process: npm install ${library}`,
      {
        cause,
      },
    );
  }
}
