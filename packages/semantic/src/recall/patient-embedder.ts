import { type CallOptions, type Clock, type Embedder, MemoryError } from "@relevo/core";
import { withTimeout } from "@relevo/core/input";

/** An embedder whose failures never reach the caller. */
export interface PatientEmbedder {
  readonly model: string;
  /** False for a while after a failure, so that nobody waits for an embedder that is down. */
  isReady(): boolean;
  /** How often it was down so far. */
  failures(): number;
  /**
   * A vector for each text, `undefined` for one that the model gives none for; or `undefined` for all, when the embedder is
   * down or was a moment ago.
   *
   * @throws `aborted` when the signal fires.
   */
  embed(
    texts: readonly string[],
    call: CallOptions,
  ): Promise<readonly (readonly number[] | undefined)[] | undefined>;
}

export interface PatientOptions {
  readonly clock: Clock;
  /** How long the embedder is left alone after a failure. */
  readonly restMs: number;
  /** How long it may take for up to 32 texts. */
  readonly timeoutMs: number;
  readonly onError: (error: unknown) => void;
}

/** When so many texts in a row have no vector, it is not because of the texts. */
const mostUnusable = 8;
/** The unit of the time limit; what embedders take at once by themselves. */
const textsInTime = 32;

/** Stands for an embedder that must not be asked now: what it would have embedded waits. */
export function createSleepingEmbedder(model: string): PatientEmbedder {
  return { model, isReady: () => false, failures: () => 0, embed: async () => undefined };
}

/** The embedder for as many texts as somebody can wait for. What is more waits for somebody else. */
export function createBoundedEmbedder(embedder: PatientEmbedder, mostTexts: number): PatientEmbedder {
  let left = 0;
  return {
    model: embedder.model,
    isReady: embedder.isReady,
    failures: () => embedder.failures() + left,
    async embed(texts, call) {
      if (texts.length <= mostTexts) return await embedder.embed(texts, call);
      left++;
      return undefined;
    },
  };
}

export function createPatientEmbedder(
  embedder: Embedder,
  { clock, restMs, timeoutMs, onError }: PatientOptions,
): PatientEmbedder {
  let failures = 0;
  let readyAt = Number.NEGATIVE_INFINITY;

  async function embedAll(
    texts: readonly string[],
    call: CallOptions,
  ): Promise<readonly (readonly number[])[]> {
    const vectors = await withTimeout((signal) => embedder.embed(texts, { signal }), {
      signal: call.signal,
      timeoutMs: timeoutMs * Math.ceil(texts.length / textsInTime),
    });
    for (const [index, text] of texts.entries()) {
      const problem = problemOf(vectors[index], embedder.dimensions);
      if (problem !== undefined) throw badVector(embedder.model, text, problem);
    }
    return vectors;
  }

  async function embedEach(
    texts: readonly string[],
    call: CallOptions,
  ): Promise<readonly (readonly number[] | undefined)[]> {
    const vectors: (readonly number[] | undefined)[] = [];
    for (const text of texts) {
      try {
        vectors.push((await embedAll([text], call))[0]);
      } catch (error) {
        if (!isAboutTheText(error)) throw error;
        if (vectors.length >= mostUnusable && vectors.every((vector) => vector === undefined)) throw error;
        onError(error);
        vectors.push(undefined);
      }
    }
    return vectors;
  }

  const isReady = (): boolean => clock.now() >= readyAt;

  return {
    model: embedder.model,
    isReady,
    failures: () => failures,
    async embed(texts, call) {
      if (texts.length === 0) return [];
      if (!isReady()) return undefined;
      try {
        return await embedAll(texts, call).catch((error: unknown) => {
          // One text must not keep the others from their vectors.
          if (!isAboutTheText(error)) throw error;
          if (texts.length > 1) return embedEach(texts, call);
          onError(error);
          return [undefined];
        });
      } catch (error) {
        // The caller's own signal, not the failure of the embedder.
        if (call.signal?.aborted === true) throw error;
        onError(error);
        failures++;
        readyAt = clock.now() + restMs;
        return undefined;
      }
    },
  };
}

/** Another try would end the same way, and another text may go well. */
function isAboutTheText(error: unknown): boolean {
  return (["corrupt", "invalid-input", "too-large"] as const).some((code) =>
    MemoryError.isInstance(error, code),
  );
}

function problemOf(vector: readonly number[] | undefined, dimensions: number): string | undefined {
  if (!Array.isArray(vector)) return "no vector";
  if (vector.length !== dimensions) return `a vector of ${vector.length} instead of ${dimensions} dimensions`;
  let square = 0;
  for (const value of vector) square += value * value;
  return square > 0 && Number.isFinite(square) ? undefined : "a vector without a direction";
}

function badVector(model: string, text: string, problem: string): MemoryError {
  return new MemoryError(
    "corrupt",
    `The model ${model} gave ${problem} for a text of ${text.length} characters.`,
  );
}
