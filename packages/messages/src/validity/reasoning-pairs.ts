import type { Message } from "@relevo/core";
import { reasoningItemOf } from "../groups/reasoning-item.ts";

/**
 * Checks messages in order for reasoning that has lost what it led to: reasoning of one item followed by reasoning of
 * another, or by another agent. Parts of one item count as one piece of reasoning.
 */
export class ReasoningPairs {
  #waiting: { readonly item: string | undefined; readonly agent: string | undefined } | undefined;

  /** False when reasoning in the message, or at the end of the previous one, is not followed by its output. */
  take(message: Message): boolean {
    const { role, agent } = message;
    const before = this.#waiting;
    this.#waiting = undefined;
    if (role !== "assistant") return true;
    if (before !== undefined && before.agent !== agent) return false;
    if (typeof message.content === "string") {
      if (message.content === "") this.#waiting = before;
      return true;
    }
    let waiting = before;
    for (const part of message.content) {
      if (part.type !== "reasoning") waiting = undefined;
      else {
        const item = reasoningItemOf(part);
        if (waiting?.item !== undefined && item !== undefined && waiting.item !== item) return false;
        waiting = { item: item ?? waiting?.item, agent };
      }
    }
    this.#waiting = waiting;
    return true;
  }
}
