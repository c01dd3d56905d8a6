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

export interface RerankRequest extends CallOptions {
  readonly query: string;
  readonly texts: readonly string[];
}

/** Judges how well each text answers the query. */
export interface Reranker {
  readonly model: string;
  /** A finite number for each text, in order; greater is better. What it means beyond that is up to the model. */
  rerank(request: RerankRequest): Promise<readonly number[]>;
}

/** A message, as a writer of facts is shown it. */
export interface SpokenMessage {
  readonly seq: number;
  readonly role: "user" | "assistant";
  readonly speaker?: string;
  readonly text: string;
  /** When it was said, in milliseconds since the epoch. */
  readonly at: number;
}

export interface FactRequest extends CallOptions {
  /** Of which facts are to be written, oldest first. */
  readonly messages: readonly SpokenMessage[];
  /** The messages just before them, of which facts have been written. */
  readonly before: readonly SpokenMessage[];
  /** Facts that were written earlier and may no longer hold. */
  readonly known: readonly { readonly text: string; readonly at: number }[];
}

export interface WrittenFact {
  /** A sentence that can be understood alone: who did what, when, where. */
  readonly text: string;
  /** The `seq` of each message that it was taken from; one at least. Erasing one of them erases the fact. */
  readonly from: readonly number[];
  /** Of when it is, in milliseconds since the epoch; when the last of the messages was said when left out. */
  readonly at?: number | undefined;
  /** From 0 to 1. */
  readonly importance?: number | undefined;
  /** Places in `known` of facts that no longer hold because of this one. */
  readonly supersedes?: readonly number[] | undefined;
}

/** Writes down what a conversation says, in short sentences. It may be wrong; what it writes is found beside the messages. */
export interface FactWriter {
  /** Names the writer with its prompt and model. Another name writes of the same messages again. */
  readonly name: string;
  write(request: FactRequest): Promise<readonly WrittenFact[]>;
}
