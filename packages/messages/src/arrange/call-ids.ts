import type { ContentPart, ToolCallPart } from "@relevo/core";
import type { ViewMessage } from "../groups/group.ts";
import { withParts } from "../groups/parts.ts";
import { sendableCallId } from "../validity/sendable-call-id.ts";

/**
 * Gives each call of a view an id of its own that every provider takes. Providers reuse ids, and some refuse others'
 * forms. A new id is made of the old one and the group's place, so that it is the same in the next view.
 */
export class CallIds {
  readonly #used = new Set<string>();

  unique(messages: readonly ViewMessage[], place: number): readonly ViewMessage[] {
    if (messages.length === 1 && typeof messages[0]?.message.content === "string") return messages;
    /** For each id its new ones: the n-th result answers the n-th call. */
    const calls = new Map<string, string[]>();
    let changed = false;
    for (const { message } of messages) {
      if (typeof message.content === "string") continue;
      for (const part of message.content) {
        if (part.type !== "tool-call") continue;
        const id = this.#take(part, place);
        if (id !== part.toolCallId) changed = true;
        const same = calls.get(part.toolCallId);
        if (same === undefined) calls.set(part.toolCallId, [id]);
        else same.push(id);
      }
    }
    if (!changed) return messages;
    const named = new Map<string, number>();
    const nextOf = (kind: "call" | "result", id: string): string => {
      const key = `${kind}\0${id}`;
      const index = named.get(key) ?? 0;
      named.set(key, index + 1);
      return calls.get(id)?.[index] ?? id;
    };
    const renamed = (part: ContentPart): ContentPart => {
      if (part.type === "tool-call") return { ...part, toolCallId: nextOf("call", part.toolCallId) };
      if (part.type === "tool-result") return { ...part, toolCallId: nextOf("result", part.toolCallId) };
      return part;
    };
    return messages.map((one) => {
      const { content } = one.message;
      if (typeof content === "string" || !content.some(hasCallId)) return one;
      return { ...one, message: withParts(one.message, content.map(renamed)) };
    });
  }

  #take({ toolCallId: id, providerExecuted }: ToolCallPart, place: number): string {
    let unique = id;
    const fits = providerExecuted === true || sendableCallId.test(id);
    if (!fits || this.#used.has(id)) {
      const clean = id.replaceAll(/[^a-zA-Z0-9_-]/g, "_");
      for (let copy = 1; copy === 1 || this.#used.has(unique); copy++) {
        const ending = copy === 1 ? `_${place}` : `_${place}_${copy}`;
        unique = `${clean.slice(0, maxLength - ending.length)}${ending}`;
      }
    }
    this.#used.add(unique);
    return unique;
  }
}

const maxLength = 40;

function hasCallId(part: ContentPart): boolean {
  return part.type === "tool-call" || part.type === "tool-result";
}
