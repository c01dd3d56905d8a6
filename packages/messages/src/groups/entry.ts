import type { Message } from "@relevo/core";

/** A message with its place in the log, or its index plus one in a plain array. */
export interface Entry {
  readonly seq: number;
  readonly message: Message;
  readonly pinned: boolean;
  /** Counts that were stored with the message, by counter. */
  readonly tokens?: { readonly [counter: string]: number };
}
