import type { Summarizer } from "@relevo/core";
import type { Entry, Group } from "@relevo/messages";
import type { CachedCounter } from "../tokens/cached-counter.ts";
import type { SummarizerBackoff } from "./summarizer-backoff.ts";

/** What `summarize` was told, with its defaults. */
export interface SummarizeSettings {
  readonly name: string;
  readonly trigger: AdmittedAmount;
  readonly keep: AdmittedAmount;
  readonly summarizer: Summarizer;
  readonly maxTokens: number;
  readonly overlap: number;
  readonly timeoutMs: number;
  readonly chunkMessages: number;
  readonly chunkTokens: number;
  readonly backoff: SummarizerBackoff;
  readonly counter: CachedCounter;
}

/** How much of a conversation. */
export interface AdmittedAmount {
  readonly unit: "messages" | "tokens";
  readonly amount: number;
}

/** What a summary is to stand for, with what comes behind it. */
export interface Plan {
  readonly covered: readonly Group[];
  /** Results that came after a summary already stood for their calls. They can stand in no view by themselves. */
  readonly late: readonly Entry[];
  /** The place of the first group that stays; nothing below is read again. */
  readonly cut: number;
}
