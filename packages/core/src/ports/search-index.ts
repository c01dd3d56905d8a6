import type { JsonObject, JsonValue } from "../json.ts";
import type { Where } from "../where.ts";
import type { CallOptions, Page, PageOptions } from "./common.ts";

/** Where a text comes from: an event of a log, or a document as of one version. */
export type SearchSource =
  | { readonly kind: "event"; readonly session: string; readonly incarnation: string; readonly seq: number }
  | {
      readonly kind: "document";
      readonly session?: string;
      readonly namespace: readonly string[];
      readonly key: string;
      readonly version: number;
    };

/**
 * Texts in the order in which they were said or written: the messages of one session, or the pieces of one document.
 * Items of one stream are each other's neighbours.
 */
export type SearchStream =
  | { readonly kind: "session"; readonly session: string; readonly incarnation: string }
  | {
      readonly kind: "document";
      readonly session?: string;
      readonly namespace: readonly string[];
      readonly key: string;
    };

/** A term with how often it occurs in statements and in questions; 0 to 255 each, at least one above 0. */
export type SearchTerm = readonly [term: string, statements: number, questions: number];

/** One analysed text. What its terms, marks and speaker mean is up to the analysis; an index compares them. */
export interface SearchItem {
  /**
   * The place in the stream: the `seq` of a message, plus a fraction for its second and later pieces; the number of a
   * piece in a document.
   */
  readonly position: number;
  /** Each term once. */
  readonly terms: readonly SearchTerm[];
  /** In milliseconds since the epoch. */
  readonly at: number;
  /** Facts about the text, as the bits of a non-negative 31-bit integer. */
  readonly marks: number;
  /** Intervals that the text is about: from, to, from, to … in milliseconds since the epoch, both ends included. */
  readonly times?: readonly number[];
  readonly speaker?: string;
  /** Words of the text that may be names, each as often as it occurs, at most 8; written as speakers are. */
  readonly names?: readonly string[];
  readonly agent?: string;
  /** For filters. */
  readonly metadata?: JsonObject;
  /** For filters; of documents. */
  readonly value?: JsonValue;
  readonly vector?: readonly number[];
}

/**
 * Replaces a range of one stream. Repeating it changes nothing. Bounds and `keep` mean whole positions, so that the pieces of
 * a text go together.
 */
export interface SearchChange {
  readonly stream: SearchStream;
  /**
   * The state of the source that was read: the `removalRevision` of a session, the `version` of a document. A change
   * from an older state, or from an older incarnation, is not applied.
   */
  readonly revision: number;
  /** Only positions above this one are replaced; all when left out. */
  readonly after?: number;
  /** Only positions up to this one are replaced; all when left out. */
  readonly through?: number;
  /** Positions of the range whose items stay as they are. All others go. */
  readonly keep?: readonly number[];
  /** What the range holds from now on, beside what is kept. Inside the range, each position once; none that is kept. */
  readonly items: readonly SearchItem[];
  /** Of the whole stream; as it is when left out. */
  readonly language?: string | undefined;
  /** The owner of the session, or of the document; as it is when left out. */
  readonly subject?: string | undefined;
  /** What the writer wants to find when it continues; as it is when left out. */
  readonly progress?: JsonValue | undefined;
}

export interface SearchStreamState {
  readonly stream: SearchStream;
  readonly revision: number;
  readonly items: number;
  readonly language?: string;
  readonly subject?: string;
  readonly progress?: JsonValue;
}

/** Names streams. A session is its messages and its documents. */
export type SearchSelector =
  | { readonly all: true }
  | { readonly session: string }
  /** Documents that stand alone: with a key, of exactly this namespace. */
  | { readonly namespacePrefix: readonly string[]; readonly key?: string };

/** What a tenant's index holds. */
export interface SearchIndexState {
  readonly items: number;
  /** How many streams are of each language. */
  readonly languages: { readonly [language: string]: number };
  /** The earliest and the latest `at`; absent without items. */
  readonly span?: { readonly from: number; readonly to: number };
  /** As the last `mark` left it: how far the writer has followed the store, and which analysis it used. */
  readonly mark?: JsonValue;
}

/** What may be returned. Everything that is given must hold. Statistics are those of the whole tenant. */
export interface SearchFilter {
  readonly sessions?: readonly string[];
  readonly agents?: readonly string[];
  /** Owners of streams. Documents that stand alone and have no owner are everybody's, and stay in. */
  readonly subjects?: readonly string[];
  /** Of documents, those of sessions too, only what is below one of these namespaces. Messages have none, and stay in. */
  readonly namespaces?: readonly (readonly string[])[];
  readonly kinds?: readonly SearchStream["kind"][];
  readonly where?: Where;
  readonly since?: number;
  readonly until?: number;
}

export interface SearchRequest {
  readonly terms: readonly string[];
  /** Which of these are speakers? */
  readonly speakers?: readonly string[];
  /** Also name items at, or about, these times: from, to, from, to …, in milliseconds, both ends included. */
  readonly times?: readonly number[];
  /** Also name the `nearest` items by cosine. */
  readonly vector?: readonly number[];
  readonly nearest?: number;
  readonly filter?: SearchFilter;
}

/** The items that hold a term, in no particular order. */
export interface SearchPostings {
  /** How many items hold it. */
  readonly holders: number;
  /** How many places of `items` and `counts` are in use. */
  readonly count: number;
  readonly items: Int32Array;
  /** For each item, how often: in statements, plus 256 times in questions. 0 for one that holds it no more. */
  readonly counts: Uint16Array;
}

/**
 * One moment of an index, as columns over items and over streams, which have numbers from 0 that are valid in this
 * reading alone. It must not be kept, nor changed. Items that a reading does not need may be missing from it, but the
 * neighbours of those that hold a term, and the whole streams that they are in, are there.
 */
export interface SearchReading {
  /** Of the tenant. */
  readonly items: number;
  readonly streams: number;
  /** The sum of all terms' counts. */
  readonly length: number;
  /** For each requested term, in order; `undefined` when no item holds it. */
  readonly postings: readonly (SearchPostings | undefined)[];
  /** For each requested speaker, in order, the number that stands for it in `speakers`; −1 for one who never spoke. */
  readonly asked: Int32Array;
  /** Items at or about the requested times, ascending. */
  readonly dated: Int32Array;
  /**
   * The nearest items, best first, as far as the filter allows them. Cosines are rounded to 1e-5; of equal ones the order
   * is that of the streams, as `streams` lists them, then of the positions.
   */
  readonly nearest: { readonly items: Int32Array; readonly cosines: Float64Array } | undefined;

  /** How many numbers of items there are. Those with −1 as their stream stand for none. */
  readonly size: number;
  readonly stream: Int32Array;
  /** The neighbours in the stream; −1 for none. */
  readonly previous: Int32Array;
  readonly next: Int32Array;
  /** The sum of its terms' counts. */
  readonly lengths: Int32Array;
  readonly at: Float64Array;
  readonly marks: Int32Array;
  /** A number for the speaker, −1 for none. */
  readonly speakers: Int32Array;
  times(item: number): readonly number[];
  /** How many of the item's names are not the name of a speaker of the tenant. */
  strangers(item: number): number;

  /** How many numbers of streams there are. */
  readonly streamCount: number;
  readonly first: Int32Array;
  readonly streamLengths: Float64Array;

  /** Whether the filter lets the item be returned. */
  allows(item: number): boolean;
  /** With which source; equal for the pieces of one text. */
  source(item: number): SearchSource;
  position(item: number): number;
}

/**
 * Postings and facts of analysed texts, by tenant. An index neither analyses nor scores: whoever asks brings the score as
 * a function over a reading, so that the same data and query give the same result on every index.
 *
 * Words of an item are stored with that item alone: once it is removed, no other item repeats them. Who writes from a
 * store must look at the source again after writing, and write again when something was removed from it meanwhile; the
 * index cannot know of a removal that has not reached it.
 *
 * Every method throws `invalid-input`, `aborted`, and by index `unavailable`, `timeout`, `closed`.
 */
export interface SearchIndex {
  /** Applies a change in one step. False when the index knows a newer state of the stream; then nothing is changed. */
  write(tenant: string, change: SearchChange, options?: CallOptions): Promise<boolean>;
  /** Removes whole streams, and answers how many items went. */
  remove(tenant: string, selector: SearchSelector, options?: CallOptions): Promise<number>;
  /** The streams that the selector names, also those that have no item left, in a total order. */
  streams(tenant: string, selector: SearchSelector, options?: PageOptions): Promise<Page<SearchStreamState>>;
  state(tenant: string, options?: CallOptions): Promise<SearchIndexState>;
  /** Stores the writer's own mark. `remove({ all: true })` removes it too. */
  mark(tenant: string, mark: JsonValue, options?: CallOptions): Promise<void>;
  /**
   * For each group of words: `undefined` when an item holds one of them. Else the terms that may have been meant by any
   * of them: those of at least 4 characters that begin with the same 5, and those one insertion, deletion, substitution
   * or swap of neighbours away; in order of UTF-16 units, at most 64.
   */
  lookup(
    tenant: string,
    groups: readonly (readonly string[])[],
    options?: CallOptions,
  ): Promise<readonly (readonly string[] | undefined)[]>;
  /**
   * Calls `score` once, synchronously, with a reading, and answers what it returns.
   *
   * @throws `invalid-input` also for a vector with another number of dimensions than those of the items have.
   */
  read<Result>(
    tenant: string,
    request: SearchRequest,
    score: (reading: SearchReading) => Result,
    options?: CallOptions,
  ): Promise<Result>;
}

/** An index that several processes write, so that long work on it is to be done by one of them. */
export interface SharedSearchIndex extends SearchIndex {
  readonly shared: true;
}

export function isSharedIndex(index: SearchIndex): index is SharedSearchIndex {
  return (index as Partial<SharedSearchIndex>).shared === true;
}
