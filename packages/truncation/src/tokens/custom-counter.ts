import { MemoryError, type TokenCounter } from "@relevo/core";
import { counterOf } from "./message-tokens.ts";

/**
 * A counter from your own function: texts are counted by `countText`, messages by the rules of `messageTokens` on top
 * of it. Give each vocabulary its own name: counts are stored under it.
 *
 * @throws `invalid-input` for an empty name, and when the function returns what is no count.
 */
export function customCounter(name: string, countText: (text: string) => number): TokenCounter {
  if (name === "") throw new MemoryError("invalid-input", "A counter needs a name.");
  return counterOf(name, (text) => {
    const tokens = countText(text);
    if (Number.isFinite(tokens) && tokens >= 0) return Math.ceil(tokens);
    throw new MemoryError("invalid-input", `The counter ${name} returned ${tokens}, which is no count.`);
  });
}
