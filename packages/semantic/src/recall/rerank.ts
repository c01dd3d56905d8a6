import { type CallOptions, type Clock, MemoryError, type RecallHit, type Reranker } from "@relevo/core";
import { withTimeout } from "@relevo/core/input";

export interface PatientRerankerOptions {
  readonly clock: Clock;
  /** How long it is left alone after a failure. */
  readonly restMs: number;
  readonly timeoutMs: number;
  readonly onError: (error: unknown) => void;
}

/** A reranker whose failures never reach the caller. */
export interface PatientReranker {
  /** The hits in the order of the reranker, with its scores; `undefined` when it failed, or did a moment ago. */
  rerank(
    query: string,
    hits: readonly RecallHit[],
    call: CallOptions,
  ): Promise<readonly RecallHit[] | undefined>;
}

/** Of a longer text the reranker gets the beginning. Long texts come in pieces, which are shorter. */
const mostText = 8000;

export function createPatientReranker(
  reranker: Reranker,
  { clock, restMs, timeoutMs, onError }: PatientRerankerOptions,
): PatientReranker {
  let readyAt = Number.NEGATIVE_INFINITY;

  async function scoresOf(
    query: string,
    hits: readonly RecallHit[],
    { signal: outer }: CallOptions,
  ): Promise<readonly number[]> {
    const texts = hits.map(({ text }) => text.slice(0, mostText).toWellFormed());
    const work = (signal: AbortSignal): Promise<readonly number[]> =>
      reranker.rerank({ query, texts, signal });
    const scores: unknown = await withTimeout(work, { signal: outer, timeoutMs });
    const isUsable =
      Array.isArray(scores) && scores.length === hits.length && scores.every((one) => Number.isFinite(one));
    if (isUsable) return scores;
    throw new MemoryError(
      "corrupt",
      `The reranker ${reranker.model} gave no finite number for each of ${hits.length} texts.`,
    );
  }

  return {
    async rerank(query, hits, call) {
      if (hits.length === 0) return hits;
      if (clock.now() < readyAt) return undefined;
      try {
        const scores = await scoresOf(query, hits, call);
        return hits
          .map((hit, place) => ({ hit, place, score: scores[place] ?? 0 }))
          .sort((left, right) => right.score - left.score || left.place - right.place)
          .map(({ hit, score }) => ({
            ...hit,
            score,
            ...(hit.explain === undefined
              ? {}
              : { explain: { ...hit.explain, reranked: score, before: hit.score } }),
          }));
      } catch (error) {
        if (call.signal?.aborted === true) throw error;
        onError(error);
        readyAt = clock.now() + restMs;
        return undefined;
      }
    },
  };
}
