import type { Message, TokenCounter } from "@relevo/core";
import { messageElement } from "./context-parts.ts";

/** A token for each three bytes of UTF-8, which is more than most texts have. Counts where no other counter is given. */
export const byteCounter: TokenCounter = {
  name: "bytes/3",
  countText: (text) => Math.ceil(Buffer.byteLength(text, "utf8") / 3),
  countMessage: (message) => byteCounter.countText(messageElement(message) + reasoningOf(message)),
};

/** Counts what costs more: a message, or the element of a prompt that shows it. A message has one count in a context. */
export function promptCounter(counter: TokenCounter): TokenCounter {
  const counts = new Map<Message, number>();
  return {
    // Counts that are stored under the name of the counter are of the message alone.
    name: `prompt(${counter.name})`,
    countText: (text) => counter.countText(text),
    countMessage(message) {
      const known = counts.get(message);
      if (known !== undefined) return known;
      const tokens = Math.max(counter.countText(messageElement(message)), counter.countMessage(message));
      counts.set(message, tokens);
      return tokens;
    },
  };
}

function reasoningOf({ content }: Message): string {
  if (typeof content === "string") return "";
  return content.map((part) => (part.type === "reasoning" ? part.text : "")).join("");
}
