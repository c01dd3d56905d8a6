import type { CallOptions } from "@relevo/core";
import { anySignal, readArray, refuse, throwIfAborted } from "@relevo/core/input";

/** How many texts one request has: what servers take, and enough to keep a model busy. */
export const batchSize = 32;

/** A copy of the texts. @throws `invalid-input` for anything but an array of strings. */
export function admitTexts(texts: readonly string[]): string[] {
  const copy = readArray(texts, "texts", "an array of strings", Number.MAX_SAFE_INTEGER);
  for (let index = 0; index < copy.length; index++)
    if (typeof copy[index] !== "string") throw refuse(`texts[${index}]`, "must be a string.");
  return copy as string[];
}

/**
 * The results of all texts in their order, from batches of which at most `atOnce` are worked on at the same time. The
 * first failure ends those that are under way, and is thrown.
 */
export async function inBatches<Result>(
  texts: readonly string[],
  atOnce: number,
  { signal }: CallOptions,
  work: (batch: readonly string[], signal: AbortSignal) => Promise<readonly Result[]>,
): Promise<Result[]> {
  throwIfAborted(signal);
  const batches = Math.ceil(texts.length / batchSize);
  const results: (readonly Result[])[] = [];
  const failed = new AbortController();
  const ends = anySignal(failed.signal, signal);
  let next = 0;
  const run = async (): Promise<void> => {
    while (next < batches && !failed.signal.aborted) {
      const batch = next++;
      const from = batch * batchSize;
      results[batch] = await work(texts.slice(from, from + batchSize), ends);
    }
  };
  const runs = Array.from({ length: Math.min(atOnce, batches) }, run);
  try {
    await Promise.all(runs);
  } catch (error) {
    failed.abort(error);
    await Promise.allSettled(runs);
    throw error;
  }
  return results.flat() as Result[];
}
