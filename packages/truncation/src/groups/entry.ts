import type { Message, SeqRange } from "@relevo/core";

/** A message with its place in the log, or its index plus one in a plain array. */
export interface Entry {
  readonly seq: number;
  readonly message: Message;
  readonly pinned: boolean;
  /** Counts that were stored with the message, by counter. */
  readonly tokens?: { readonly [counter: string]: number };
}

/** A summary that is in force, and what it stands for. */
export interface SummaryEntry {
  readonly seq: number;
  readonly text: string;
  readonly covers: readonly SeqRange[];
  readonly sourceHash: string;
}
