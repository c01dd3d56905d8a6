import type { SearchIndex, SearchStreamState, Store } from "@relevo/core";
import { type Analysis, analysisVersion } from "../analysis/create-analysis.ts";
import type { LanguageName } from "../analysis/language.ts";
import type { PatientEmbedder } from "./patient-embedder.ts";

/** What indexing works with. */
export interface Indexing {
  readonly store: Pick<Store, "log" | "documents">;
  readonly index: SearchIndex;
  readonly analysis: Analysis;
  readonly embedder?: PatientEmbedder | undefined;
  /** The language of every session; guessed when left out. */
  readonly language?: LanguageName | undefined;
  /** True when what the policy no longer lets in is to leave the index. */
  readonly sweeps?: boolean;
}

/** What a stream was written with, as it is stored with the stream. */
export interface Made {
  readonly analysis: number;
  /** The model of its vectors; `null` when there was no embedder. */
  readonly model: string | null;
  /** The first text without a vector, because the embedder was down. */
  readonly unembedded?: number;
}

export function madeBy({ embedder }: Indexing): { readonly analysis: number; readonly model: string | null } {
  return { analysis: analysisVersion, model: embedder?.model ?? null };
}

/** Whether the stream was written by this analysis, and has no vectors of another model. */
export function isMadeBy({ embedder }: Indexing, state: SearchStreamState): boolean {
  const made = madeOf(state);
  return made?.analysis === analysisVersion && (embedder === undefined || made.model === embedder.model);
}

/** Whether texts of the stream wait for an embedder that was down. */
export function lacksVectors(state: SearchStreamState): boolean {
  return madeOf(state)?.unembedded !== undefined;
}

function madeOf({ progress }: SearchStreamState): Partial<Made> | undefined {
  return (progress as unknown as Partial<Made> | null | undefined) ?? undefined;
}
