import type { JsonObject } from "../json.ts";
import type { Where } from "../where.ts";
import type { CallOptions } from "./common.ts";
import type { SearchSource } from "./search-index.ts";

/** A question, and what may answer it. Everything that is given must hold of a hit. */
export interface RecallQuery extends CallOptions {
  readonly text: string;
  /** At most this many hits; 10 when left out, at most 1,000. */
  readonly limit?: number | undefined;
  readonly in?: readonly ("messages" | "documents")[];
  readonly sessions?: readonly string[];
  readonly agents?: readonly string[];
  /** The owners of sessions, their `subject`. */
  readonly users?: readonly string[];
  /** Only documents that stand alone below one of these namespaces. */
  readonly namespaces?: readonly (readonly string[])[];
  /** Over the metadata of messages, and over value and metadata of documents. */
  readonly where?: Where;
  /** Said or written at or after this time, in milliseconds since the epoch. */
  readonly since?: number;
  /** At or before this time. */
  readonly until?: number;
  /** When the question is asked, so that "yesterday" in it means a day. */
  readonly now?: number;
  /** The name of the one who asks, so that "my" in the question means somebody. */
  readonly asker?: string;
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

/** One result. */
export interface RecallHit extends RecalledText {
  /** Comparable within one search only. */
  readonly score: number;
  /** The messages around it, oldest first; when `neighbours` asked for them. */
  readonly neighbours?: readonly RecalledText[];
  /** The parts of the score, by name; when `explain` asked for it. */
  readonly explain?: JsonObject;
}

/** Finds what was said or stored, best first, within one tenant. */
export interface Recall {
  search(tenant: string, query: RecallQuery): Promise<readonly RecallHit[]>;
}
