import type { Message } from "../message.ts";
import type { CallOptions } from "./common.ts";

/** Turns texts into vectors. One result for each text, in order, each of `dimensions` numbers. */
export interface Embedder {
  /** Identifies the vector space; vectors of different models are never compared. */
  readonly model: string;
  readonly dimensions: number;
  embed(texts: readonly string[], options?: CallOptions): Promise<readonly (readonly number[])[]>;
}

/** Counts tokens. Linear in the input, also for hostile text, and never throws for text that a model could get. */
export interface TokenCounter {
  /** Names the encoding; counts stored with a message are kept under this name. */
  readonly name: string;
  countText(text: string): number;
  countMessage(message: Message): number;
}

export interface SummaryRequest extends CallOptions {
  readonly messages: readonly Message[];
  /** The summary that this one continues, when there is one. */
  readonly previous?: string;
  readonly maxTokens: number;
}

/** Summarizes messages. When it throws or returns an empty text, no message is lost: the view shows the messages. */
export interface Summarizer {
  readonly name: string;
  readonly model?: string;
  summarize(request: SummaryRequest): Promise<string>;
}
