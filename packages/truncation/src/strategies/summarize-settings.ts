import type { Summarizer } from "@relevo/core";
import type { Entry, Group } from "@relevo/messages";
import type { CachedCounter } from "../tokens/cached-counter.ts";
import type { SummarizerBackoff } from "./summarizer-backoff.ts";

/** The options of `summarize` with defaults. */
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

/** An amount of messages or tokens. */
export interface AdmittedAmount {
  readonly unit: "messages" | "tokens";
  readonly amount: number;
}

/** What a summary is to cover, and what follows it. */
export interface Plan {
  readonly covered: readonly Group[];
  /** Results whose calls are covered by a summary already. No view can show them alone. */
  readonly late: readonly Entry[];
  /** The `seq` of the first group that stays; nothing below is read again. */
  readonly cut: number;
}
