import type { Message } from "@relevo/core";

/** Something of an item that the messages do not say. */
export interface ImportNote {
  /** The index of the item. */
  readonly index: number;
  /** Where in the item, such as `content[1].cache_control`; empty for the whole item. */
  readonly path: string;
  readonly reason: string;
  /**
   * True when it is stored all the same, mostly in `native`, which only views for its own provider show. False when it
   * is not stored.
   */
  readonly kept: boolean;
}

/** A message with an id that is the same in each run: its own where the item has one. */
export interface ImportedMessage extends Message {
  readonly id: string;
}

/** Messages for one append. */
export interface ImportBatch {
  /** Made of the history's name and the place of the first message, so it is the same in each run. */
  readonly operationId: string;
  readonly messages: readonly ImportedMessage[];
}

export interface ImportedMessages {
  /** In the order of the items. */
  readonly messages: readonly ImportedMessage[];
  /** The same messages, in appends that the store takes. */
  readonly batches: readonly ImportBatch[];
  /** What the messages do not say, in the order of the items. */
  readonly notes: readonly ImportNote[];
}
