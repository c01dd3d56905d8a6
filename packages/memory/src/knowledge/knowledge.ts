import type { CallOptions, DocumentSources, FindOptions, JsonObject, Page, RecallResult } from "@relevo/core";

/** A text that agents may be told. */
export interface KnowledgeText {
  /** Left out, it is made from source and text, so that the same text added twice is there once. */
  readonly id?: string;
  readonly text: string;
  /** Where it is from: a file, an address, a person. */
  readonly source?: string | undefined;
  /** Of when it is, in milliseconds since the epoch; when it was added when left out. */
  readonly at?: number | undefined;
  /** For filters of searches. `importance` from 0 to 1 counts for searches that ask for it. */
  readonly metadata?: JsonObject | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly ttlMs?: number | undefined;
  /** What the text was made from: it goes when that is erased, and is `conflict` when it was removed since it was read. */
  readonly derivedFrom?: DocumentSources | undefined;
  /** Ids of the collection in whose place this text holds from now on: it stands before them in searches. */
  readonly supersedes?: readonly string[] | undefined;
}

export interface KnowledgeEntry {
  readonly id: string;
  readonly text: string;
  readonly source?: string;
  readonly at?: number;
  readonly metadata: JsonObject;
  readonly tags: readonly string[];
  readonly version: number;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly expiresAt?: number;
  readonly derivedFrom?: DocumentSources;
  /** Ids of the texts that hold in its place. */
  readonly supersededBy?: readonly string[];
}

export interface KnowledgeWriteOptions extends CallOptions {
  /** Makes a retry safe: the same request under one id is applied once, another one under it is `conflict`. */
  readonly operationId?: string;
}

export interface KnowledgeEntriesOptions
  extends CallOptions,
    Pick<FindOptions, "tags" | "where" | "text" | "updatedSince" | "direction" | "limit" | "cursor"> {}

export interface SimilarOptions extends CallOptions {
  /** 10 when left out, at most 1,000. */
  readonly limit?: number | undefined;
  readonly explain?: boolean | undefined;
}

/**
 * Texts that all agents of a tenant may be told: manuals, policies, notes. They are in the durable store, in collections, and a
 * recall finds them, long ones piece by piece.
 */
export interface Knowledge {
  /** Of the collection. */
  readonly name: string;
  /** The knowledge of another collection of the tenant. Nothing is stored until the first text. */
  collection(name: string): Knowledge;
  /**
   * Stores texts, in place of those with the same ids, and returns them in order; all or none.
   *
   * @throws `invalid-input`; `too-large` for more texts than the store takes at once; `conflict`; what the store throws.
   */
  add(
    texts: KnowledgeText | readonly KnowledgeText[],
    options?: KnowledgeWriteOptions,
  ): Promise<readonly KnowledgeEntry[]>;
  get(id: string, options?: CallOptions): Promise<KnowledgeEntry | undefined>;
  /** Removes texts for good, with what was derived from them; returns how many there were. */
  remove(ids: string | readonly string[], options?: KnowledgeWriteOptions): Promise<number>;
  /** Removes every text of the collection, page by page; returns how many there were. Texts that are added meanwhile may stay. */
  clear(options?: CallOptions): Promise<number>;
  /** One page, in the order of ids as UTF-8 bytes. */
  entries(options?: KnowledgeEntriesOptions): Promise<Page<KnowledgeEntry>>;
  /**
   * Other texts of the collection that are like this one, best first.
   *
   * @throws `not-found` when there is no text of this id; `unsupported` without `createMemory({ recall })`.
   */
  similar(id: string, options?: SimilarOptions): Promise<RecallResult>;
}
