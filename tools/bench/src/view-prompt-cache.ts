import type { Message, TokenCounter, View } from "@relevo/core";
import { estimateCounter, type Strategy, tokenBudget } from "@relevo/truncation";
import { conversation } from "./view-conversation.ts";

/** How much of each request a provider's prompt cache could hold from the one before. */
export interface PromptCacheFigures {
  readonly strategy: string;
  /** Of the tokens of each request but the last, how many begin the next one as the same bytes. */
  readonly kept: number;
  /** Of the tokens of each request but the first, how many the one before began with. */
  readonly cached: number;
  /** How often a view lost its begin. */
  readonly cuts: number;
  readonly requests: number;
}

/** Plays the conversation and takes a view before each call of the model: after the user and after the tool. */
export async function promptCacheOf(
  strategy: Strategy,
  counter: TokenCounter,
  turns: number,
): Promise<PromptCacheFigures> {
  const log: Message[] = [];
  let before: View | undefined;
  const sums = { same: 0, before: 0, after: 0, cuts: 0, requests: 0 };
  for (const message of conversation(turns)) {
    log.push(message);
    if (message.role !== "user" && message.role !== "tool") continue;
    const view = await strategy.apply(log);
    sums.requests++;
    if (before !== undefined) {
      const shared = samePrefix(before.messages, view.messages);
      sums.same += tokensOf(view.messages.slice(0, shared), counter);
      sums.before += tokensOf(before.messages, counter);
      sums.after += tokensOf(view.messages, counter);
      if (shared < before.messages.length) sums.cuts++;
    }
    before = view;
  }
  const { same, cuts, requests } = sums;
  return {
    strategy: strategy.name,
    kept: same / sums.before,
    cached: same / sums.after,
    cuts,
    requests,
  };
}

function samePrefix(left: readonly Message[], right: readonly Message[]): number {
  let index = 0;
  while (index < left.length && JSON.stringify(left[index]) === JSON.stringify(right[index])) index++;
  return index;
}

function tokensOf(messages: readonly Message[], counter: TokenCounter): number {
  return messages.reduce((sum, message) => sum + counter.countMessage(message), 0);
}

/** 200 turns with several budgets, each beside an exact sliding window of the same size; one line for each. */
export async function printPromptCache(write: (line: string) => void): Promise<void> {
  const turns = 200;
  const counter = estimateCounter();
  write(`\nPrompt cache, ${turns} turns of an agent with tools\n`);
  for (const maxTokens of [4_000, 8_000, 32_000]) {
    const sliding = tokenBudget({ maxTokens, low: maxTokens, counter });
    for (const [name, strategy] of [
      [`tokenBudget of ${maxTokens}, with marks`, tokenBudget({ maxTokens, counter })],
      [`the same, sliding`, sliding],
    ] as const) {
      const { kept, cached, cuts, requests } = await promptCacheOf(strategy, counter, turns);
      write(
        `${name.padEnd(36)} ${share(kept)} of the prefix stays byte-identical, ` +
          `${share(cached)} of each request was in the one before; ${cuts} cuts in ${requests} requests`,
      );
    }
  }
}

function share(value: number): string {
  return `${(value * 100).toFixed(1)} %`.padStart(7);
}
