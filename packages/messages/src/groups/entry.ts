import type { Message } from "@relevo/core";

/** A message with its `seq`, or its index plus one in a plain array. */
export interface Entry {
  readonly seq: number;
  readonly message: Message;
  readonly pinned: boolean;
  /** Token counts stored with the message, by counter. */
  readonly tokens?: { readonly [counter: string]: number };
}
