import type { Message, TokenCounter } from "@relevo/core";
import type { Group, ViewMessage } from "@relevo/messages";
import { type CachedCounter, cachedCounter } from "../tokens/cached-counter.ts";

/**
 * The counts of one view. A message has one count in it, also with a counter that learns meanwhile; across views the
 * cached counter remembers.
 */
export class TokenMeter {
  readonly counter: CachedCounter;
  readonly #counts = new Map<Message, number>();

  constructor(counter: TokenCounter) {
    this.counter = cachedCounter(counter);
  }

  ofMessage(message: Message, stored?: { readonly [counter: string]: number }): number {
    let tokens = this.#counts.get(message);
    if (tokens === undefined) {
      tokens = this.counter.countStored(message, stored);
      this.#counts.set(message, tokens);
    }
    return tokens;
  }

  ofMessages(messages: readonly ViewMessage[]): number {
    let sum = 0;
    for (const { message } of messages) sum += this.ofMessage(message);
    return sum;
  }

  /** The tokens of a whole group. A count that was stored with an entry stands for it, where it is shown as it is. */
  ofGroup(group: Group): number {
    for (const { message, tokens } of group.entries)
      if (tokens !== undefined) this.ofMessage(message, tokens);
    return this.ofMessages(group.messages);
  }
}
