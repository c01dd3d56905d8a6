import type { CallOptions, FindOptions } from "@relevo/core";

/** Which documents go: those for which all of these hold, and one of the first three at least is given. */
export interface DocumentSelection {
  /** Written so long ago, or longer. In milliseconds. */
  readonly olderThanMs?: number;
  /** All but so many of each namespace, the newest by their last write. */
  readonly keep?: number;
  /** Less important than this, from 0 to 1; see `createMemory({ importance })`. */
  readonly belowImportance?: number;
  readonly tags?: NonNullable<FindOptions["tags"]>;
}

/**
 * What happens with what is selected: `remove`, the default, or `summarize`, which writes a summary of it first, by
 * `createMemory({ summarizer })`, and removes it when the summary is stored.
 */
export interface RemovalOptions {
  readonly action?: "remove" | "summarize" | undefined;
  /** The most tokens of a summary; 1,000 when left out. */
  readonly maxTokens?: number | undefined;
}

/**
 * What is not to be kept. Nothing that is under a legal hold goes, nor a document with the tag `pinned`, nor a pinned event.
 */
export type RetentionPolicy =
  /** Sessions that were last written so long ago: archived, or erased with forks and what was learned in them. */
  | {
      readonly sessions: { readonly idleMs: number; readonly subject?: string };
      readonly action: "archive" | "erase";
    }
  /** The oldest events of each session. Their summary is shown by every view in their place. */
  | ({ readonly events: EventSelection } & RemovalOptions)
  /**
   * What agents remember across sessions: all agents, or one. Here and for `users` and `workspaces`: a memory takes its past
   * values and its copy in the volatile tier with it, and by `olderThanMs` alone past values that were written so long ago go
   * too, whatever is in their place now. Summaries are memories of the same namespace, one for at most 32 others.
   */
  | ({ readonly agents: DocumentSelection & { readonly agent?: string } } & RemovalOptions)
  /** What is remembered about people, also by agents: all people, or one. */
  | ({ readonly users: DocumentSelection & { readonly user?: string } } & RemovalOptions)
  /** Entries of workspaces: all workspaces, or one. */
  | ({ readonly workspaces: DocumentSelection & { readonly workspace?: string } } & RemovalOptions)
  /** Documents of the application whose namespace begins with these elements, one at least. */
  | { readonly documents: DocumentSelection & { readonly namespacePrefix: readonly string[] } };

/**
 * The oldest events of a session: those recorded so long ago, or all but the newest so many, summaries not counted. Pinned
 * ones, such as system messages, stay. Behind the first of them the others are erased, which leaves their places without
 * content.
 */
export type EventSelection = ({ readonly olderThanMs: number } | { readonly keep: number }) & {
  /**
   * What was derived from them, such as summaries and facts: `erase`d with them, which is the default, or `keep`. With
   * `action: "summarize"` it is always kept.
   */
  readonly derived?: "erase" | "keep" | undefined;
};

export interface ApplyOptions extends CallOptions {
  /** The most sessions, trims, documents and summaries of documents that this call works on; 1,000 when left out. */
  readonly limit?: number | undefined;
}
