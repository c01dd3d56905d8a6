import type { Message } from "@relevo/core";
import { partsOf } from "../groups/parts.ts";
import { reasoningItemOf } from "../groups/reasoning-item.ts";

/**
 * Looks at messages one after the other for reasoning that has lost what it led to: reasoning of one item that is
 * followed by reasoning of another one, or by another agent's words. Parts of one item are one piece of reasoning.
 */
export class ReasoningPairs {
  #waiting: { readonly item: string | undefined; readonly agent: string | undefined } | undefined;

  /** False when the message shows that reasoning in it, or at the end of the one before, is alone. */
  take(message: Message): boolean {
    const { role, agent } = message;
    const before = this.#waiting;
    this.#waiting = undefined;
    if (role !== "assistant") return true;
    if (before !== undefined && before.agent !== agent) return false;
    let waiting = before;
    for (const part of partsOf(message)) {
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
