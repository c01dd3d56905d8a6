import type { TokenCounter } from "@relevo/core";
import { estimateTokens } from "./estimate-tokens.ts";
import { counterOf } from "./message-tokens.ts";

/**
 * A counter that needs no vocabulary: `estimateTokens` for texts, the rules of `messageTokens` for messages.
 *
 * Near o200k_base where the larger vocabularies of today agree, 6 % in the median over prose, code, JSON and tool
 * messages; and never below two thirds of the larger of o200k_base and cl100k_base, for words and runs of any script of
 * Unicode and of signs. The price is that scripts of which cl100k_base knows few words come out high for newer models:
 * Chinese and Japanese by a half, Korean by up to 84 %. `scripts/token-error.ts` prints both. Where counts matter for
 * billing, use `gptCounter` or `calibratedCounter`.
 *
 * Synchronous, linear, and it loads nothing. Its name carries the version of its prices, so that stored counts of
 * other prices do not hold.
 *
 * @example
 * ```ts
 * const counter = estimateCounter();
 * counter.countMessage({ role: "user", content: "Where is my order?" }); // 9
 * ```
 */
export function estimateCounter(): TokenCounter {
  return counterOf("estimate-2", estimateTokens);
}
