import type { CallOptions, MissingPart, PageOptions, SearchSource } from "@relevo/core";

/** Whether searches are recorded, and how many of the records are kept. */
export interface RecordRecallsOptions {
  /** How long a record is kept; 30 days when left out. */
  readonly ttlMs?: number | undefined;
  /** About how many of the newest records to keep for each session, each person and the rest; 1,000 when left out. */
  readonly keep?: number | undefined;
}

/** One search: what was asked, and what was found. */
export interface RecordedRecall {
  readonly query: string;
  /** Which texts were found, best first, and not what they say. None: a question that memory could not answer. */
  readonly hits: readonly { readonly source: SearchSource; readonly score: number }[];
  /** What the search had to do without. */
  readonly missing: readonly MissingPart[];
  readonly at: number;
}

/** Records of a session's searches, of those about a person, or of all others. */
export interface RecallsOptions extends CallOptions, PageOptions {
  readonly session?: string;
  readonly user?: string;
}
