import type { EventInput, SeqRange, StoredEvent } from "../events.ts";
import type { Message, Provider } from "../message.ts";
import type { CallOptions } from "./common.ts";
import type { TokenCounter } from "./models.ts";

/** The log as a strategy sees it: only what may reach a model, newest first, in pages, as of one version. */
export interface ViewSource {
  readonly incarnation?: string;
  readonly version: number;
  readonly revision: number;
  /** Of the log before anything was read through this source. */
  readonly removalRevision: number;
  /** Effective messages and summaries before `before`, newest first; fewer than `limit` only at the start of the log. */
  readBackward(
    options: { readonly before?: number | undefined; readonly limit: number } & CallOptions,
  ): Promise<readonly StoredEvent[]>;
  /** Effective pinned messages, oldest first, from their index. */
  pinned(options?: CallOptions): Promise<readonly StoredEvent[]>;
  /**
   * Appends a summary, once for each operation id and only at `version`. A summary that was made from what an earlier
   * source read names that source's `removalRevision`; this one's when left out. Absent where nothing can be written.
   */
  append?(
    event: EventInput,
    operationId: string,
    options?: { readonly removalRevision?: number } & CallOptions,
  ): Promise<number>;
  /** The same log as it is now, with what was appended meanwhile. Present wherever `append` is. */
  latest?(options?: CallOptions): Promise<ViewSource>;
}

/** Why messages are not in the view. */
export interface DroppedRange extends SeqRange {
  readonly reason: string;
}

/** What a model is shown. Derived; the log is not changed by it. */
export interface View {
  readonly messages: readonly Message[];
  /** The `seq` each message came from; `undefined` for one that was made, such as a synthesised tool result. */
  readonly seqs: readonly (number | undefined)[];
  readonly version: number;
  /** Of the log before the view was read: what is derived from the view is appended with it. */
  readonly removalRevision: number;
  /** True when the view is less than all effective messages. */
  readonly compacted: boolean;
  readonly dropped: readonly DroppedRange[];
  /** Ranges that are in the view in another form: as a summary, or within the message that they led to. */
  readonly summarized: readonly SeqRange[];
  readonly tokens?: number;
  /** Tokens at the start of the view that stay byte-identical until the next cut. */
  readonly stablePrefixTokens?: number;
  /** What went wrong without making the view unusable, such as a summarizer that failed. */
  readonly notices?: readonly string[];
}

/** What a view is made for. */
export interface ViewForm {
  /**
   * The provider that will be sent the view: parts made for it are shown, and call ids that it takes stay as they
   * are. Without it the view is valid for all of them.
   */
  readonly for?: Provider | undefined;
  /**
   * What the model does with a conversation that ends with the assistant. `refused`: it takes none, so the view ends
   * with a made-up user's message instead. `continued`: it continues that message, so white space at its end is
   * removed, which providers refuse. When left out, the view may end with the message of the assistant as it is.
   */
  readonly prefill?: "refused" | "continued" | undefined;
}

/** The most that one view may cost, whatever its strategy allows, such as what the rest of a prompt leaves. */
export interface ViewAllowance {
  readonly maxTokens: number;
  readonly counter: TokenCounter;
}

/** What one call asks of a strategy. */
export interface ViewRequest extends ViewForm, CallOptions {
  readonly within?: ViewAllowance | undefined;
}

/** What a strategy is likely to read first, so that the ordinary view needs one read of the store. */
export interface ViewReads {
  /**
   * How many of the newest messages and summaries, from 1 to 1,000; 64 when left out. A hint: asking a source for more
   * costs another read, asking for fewer wastes what was read.
   */
  readonly messages?: number;
}

/**
 * Chooses what of a log a model is shown, and keeps to `within` as to a bound of its own.
 *
 * @throws `budget-exceeded` when even the smallest valid view does not fit.
 */
export interface ViewStrategy {
  /** Name and parameters, such as `window(messages=20)`. */
  readonly name: string;
  readonly reads?: ViewReads;
  view(source: ViewSource, options?: ViewRequest): Promise<View>;
}
