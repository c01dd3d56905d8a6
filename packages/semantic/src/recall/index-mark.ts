import type { CallOptions, JsonObject, SearchIndex, SearchIndexState } from "@relevo/core";
import { analysisVersion } from "../analysis/create-analysis.ts";

/** How far an index has followed a store, and what it was written with, as the index keeps it. */
export interface Mark {
  /** Of the change feeds: of the store, and of the one where documents stand alone when that is another one. */
  readonly cursor?: string;
  readonly durableCursor?: string;
  readonly analysis: number;
  /** The model of its vectors. */
  readonly embedder: string | null;
  /** The fingerprint of what is indexed. */
  readonly policy: string;
  /** Streams that were written before are to be written again: for another analysis, or another model. */
  readonly rewriting?: "analysis" | "model";
  /** True when streams may wait for their vectors. */
  readonly unembedded?: boolean;
}

export function markOf({ mark }: SearchIndexState): Mark | undefined {
  return mark as unknown as Mark | undefined;
}

export async function storeMark(
  index: SearchIndex,
  tenant: string,
  mark: Mark,
  call: CallOptions,
): Promise<Mark> {
  await index.mark(tenant, mark as unknown as JsonObject, call);
  return mark;
}

/** Whether vectors of this model can be compared with those of the index. */
export function hasVectorsOf(mark: Mark | undefined, model: string): boolean {
  return mark?.embedder === model && mark.rewriting !== "model";
}

/** A later version writes the index; this one only reads it. */
export function isOfLaterVersion(mark: Mark | undefined): boolean {
  return mark !== undefined && mark.analysis > analysisVersion;
}
