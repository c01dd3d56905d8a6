import type { JsonObject, JsonValue } from "../json.ts";
import type { Where } from "../where.ts";
import type { CallOptions } from "./common.ts";

/** Where an item's text comes from. An older or deleted source never overwrites a newer one. */
export type SearchSource =
  | { readonly kind: "event"; readonly session: string; readonly incarnation: string; readonly seq: number }
  | {
      readonly kind: "document";
      readonly session?: string;
      readonly namespace: readonly string[];
      readonly key: string;
      readonly version: number;
    };

export interface SearchItem {
  readonly id: string;
  readonly source: SearchSource;
  /** Analysed terms with their counts; analysis is `semantic`'s. */
  readonly terms: { readonly [term: string]: number };
  readonly vector?: readonly number[];
  readonly value?: JsonValue;
  readonly metadata: JsonObject;
  readonly at: number;
}

/** Names what to remove; exactly the items whose source lies inside it. */
export type SearchSelector =
  | { readonly session: string; readonly incarnation?: string; readonly seqs?: readonly number[] }
  | { readonly namespacePrefix: readonly string[]; readonly key?: string }
  | { readonly ids: readonly string[] };

export interface CandidateQuery extends CallOptions {
  readonly terms?: readonly string[];
  readonly vector?: readonly number[];
  readonly unit: "turn" | "session";
  readonly namespacePrefix?: readonly string[];
  readonly sessions?: readonly string[];
  readonly where?: Where;
  readonly since?: number;
  readonly until?: number;
  readonly limit: number;
}

/** Scores are rounded to 1e-6; ties are broken by id, so that every index gives the same order. */
export interface ScoredItem {
  readonly id: string;
  readonly source: SearchSource;
  readonly score: number;
}

/**
 * Lexical and vector candidates. Analysis and fusion live above it. Which units are stale is told by the change feed of
 * the store that holds them.
 */
export interface SearchIndex {
  upsert(tenant: string, items: readonly SearchItem[], options?: CallOptions): Promise<void>;
  remove(tenant: string, selector: SearchSelector, options?: CallOptions): Promise<number>;
  /** The lexical and the vector leg apart, each with raw scores. */
  candidates(
    tenant: string,
    query: CandidateQuery,
  ): Promise<{ readonly lexical: readonly ScoredItem[]; readonly vector: readonly ScoredItem[] }>;
  /** Exact lexical scores for given items, such as the neighbours of a hit. */
  scores(
    tenant: string,
    ids: readonly string[],
    terms: readonly string[],
    options?: CallOptions,
  ): Promise<readonly ScoredItem[]>;
}
