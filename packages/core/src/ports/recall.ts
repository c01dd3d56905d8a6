import type { JsonObject } from "../json.ts";
import type { Where } from "../where.ts";
import type { CallOptions } from "./common.ts";
import type { DocumentSources } from "./document-sources.ts";
import type { SearchSource } from "./search-index.ts";

/**
 * What is searched: `messages` of users and assistants; `facts` that were written of them; `knowledge` of the tenant;
 * `memories` of people and agents; `documents` of the application.
 */
export type RecallPlace = "messages" | "facts" | "knowledge" | "memories" | "documents";

/** How much it counts that a text is new. */
export interface Recency {
  /** What a text of this moment gets. The best text by its words gets 1 for them. */
  readonly weight: number;
  /** A text of this age gets half of the weight, one twice as old a quarter. 30 days when left out. */
  readonly halfLifeMs?: number | undefined;
}

/** A question, and what may answer it. Everything that is given must hold of a hit. */
export interface RecallQuery extends CallOptions {
  readonly text: string;
  /** At most this many hits; 10 when left out, at most 1,000. */
  readonly limit?: number | undefined;
  /** Everything that is indexed when left out. */
  readonly in?: readonly RecallPlace[];
  readonly sessions?: readonly string[];
  readonly agents?: readonly string[];
  /**
   * Only what belongs to one of these people: their sessions with what is in them, and their memories. What belongs to nobody,
   * such as knowledge, is everybody's and stays in; `in` leaves it out.
   */
  readonly users?: readonly string[];
  /** Only documents below one of these namespaces, and no messages unless `in` names them. */
  readonly namespaces?: readonly (readonly string[])[];
  /** Over the metadata of messages, and over value and metadata of documents. */
  readonly where?: Where;
  /** Said or written at or after this time, in milliseconds since the epoch. */
  readonly since?: number;
  /** At or before this time. */
  readonly until?: number;
  /** When the question is asked, so that "yesterday" in it means a day, and for `recency`. */
  readonly now?: number;
  /** The name of the one who asks, so that "my" in the question means somebody. */
  readonly asker?: string;
  /** Prefers newer texts; does not count when left out. */
  readonly recency?: Recency | undefined;
  /**
   * What a text gets whose metadata has `importance: 1`, and one with 0.5 half of it. The best text by its words gets 1 for
   * them. 0 when left out. A memory with an `importance` of its own, or that counts uses, asks that for documents.
   */
  readonly importance?: number | undefined;
  /** Whether hits say how their score came about; false when left out. */
  readonly explain?: boolean | undefined;
  /** How many messages before and after each hit to return with it; 0 when left out, at most 20. */
  readonly neighbours?: number | undefined;
}

/** A text with its place. */
export interface RecalledText {
  readonly source: SearchSource;
  readonly text: string;
  /** When it was said or written, in milliseconds since the epoch. */
  readonly at: number;
  /** Who said it, as far as the message tells. */
  readonly speaker?: string;
  readonly metadata: JsonObject;
}

/** A document that says what holds in place of another. */
export interface SupersedingDocument {
  readonly session?: string;
  readonly namespace: readonly string[];
  readonly key: string;
}

/** One result. */
export interface RecallHit extends RecalledText {
  /** Comparable within one search only. */
  readonly score: number;
  readonly place: RecallPlace;
  /** Whose memory it is. */
  readonly user?: string;
  /** The agent that said it, or whose memory it is. */
  readonly agent?: string;
  /** What a fact or another document was made from. */
  readonly derivedFrom?: DocumentSources;
  /**
   * Documents that say what holds in place of this text. They stand before it, unless the filters of the query leave them
   * out.
   */
  readonly supersededBy?: readonly SupersedingDocument[];
  /** The messages around it, oldest first; when `neighbours` asked for them. */
  readonly neighbours?: readonly RecalledText[];
  /** The parts of the score, by name; when `explain` asked for it. */
  readonly explain?: JsonObject;
}

/**
 * What a search had to do without, wholly or in part: the `vectors` of the question or of texts that still wait for theirs,
 * the `reranking`.
 */
export type MissingPart = "vectors" | "reranking";

export interface RecallResult {
  /** Best first. */
  readonly hits: readonly RecallHit[];
  /** Empty as a rule. What is missing is not tried again by itself; the hits are those of what was left. */
  readonly missing: readonly MissingPart[];
}

/** Finds what was said or stored within one tenant. */
export interface Recall {
  search(tenant: string, query: RecallQuery): Promise<RecallResult>;
}
