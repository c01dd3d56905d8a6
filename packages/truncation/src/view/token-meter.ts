import type { Message, TokenCounter } from "@relevo/core";
import type { Group, ViewMessage } from "../groups/group.ts";

/** Counts each message once, whatever views it stands in: stored messages are frozen, so a count never goes stale. */
export class TokenMeter {
  readonly counter: TokenCounter;
  readonly #counts = new WeakMap<Message, number>();

  constructor(counter: TokenCounter) {
    this.counter = counter;
  }

  ofMessage(message: Message): number {
    let tokens = this.#counts.get(message);
    if (tokens === undefined) {
      tokens = this.counter.countMessage(message);
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
    for (const { message, tokens } of group.entries) {
      const stored = tokens?.[this.counter.name];
      if (stored !== undefined && !this.#counts.has(message)) this.#counts.set(message, stored);
    }
    return this.ofMessages(group.messages);
  }
}
