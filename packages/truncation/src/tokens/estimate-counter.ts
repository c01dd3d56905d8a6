import type { TokenCounter } from "@relevo/core";
import { estimateTokens } from "./estimate-tokens.ts";
import { counterOf } from "./message-tokens.ts";

/**
 * A counter that needs no vocabulary: `estimateTokens` for texts, the rules of `messageTokens` for messages. Within a
 * few per cent of o200k_base for prose and code; `scripts/token-error.ts` prints the error. Synchronous, linear, and
 * it loads nothing. Its name carries the version of its prices, so that stored counts of other prices do not hold.
 *
 * @example
 * ```ts
 * const counter = estimateCounter();
 * counter.countMessage({ role: "user", content: "Where is my order?" }); // 9
 * ```
 */
export function estimateCounter(): TokenCounter {
  return counterOf("estimate-1", estimateTokens);
}
