import type {
  CallOptions,
  HandoffMode,
  HandoffPriority,
  JsonValue,
  Message,
  Provider,
  SeqRange,
} from "@relevo/core";
import type { ContextEntry, LogSnapshot } from "./log-snapshot.ts";

/** What a policy knows of the handoff. */
export interface HandoffFacts {
  readonly from: string;
  readonly to: string;
  readonly reason: string;
  readonly priority: HandoffPriority;
  readonly mode: HandoffMode;
  readonly data?: JsonValue;
  /** The provider of the receiver's model, when the messages are for that provider only. */
  readonly for?: Provider | undefined;
}

/**
 * A message for the receiver. With `seq` it is that message of the log, unchanged. Without, it was made and is recorded
 * whole; `derivedFrom` names the messages whose content it repeats: erasing one of those erases the record's content.
 */
export interface ChosenMessage {
  readonly message: Message;
  readonly seq?: number;
  readonly derivedFrom?: readonly SeqRange[];
}

/**
 * Chooses which messages the receiver of a handoff gets. The choice is then brought into a form that every provider
 * accepts: results follow their calls, a call without a result gets one that says so, system messages come first, and a
 * conversation that would start with the assistant gets a first user message.
 */
export interface ContextPolicy {
  /** Its name in the record: `full`, `last(5)`, `none` … */
  readonly name: string;
  choose(source: LogSnapshot, handoff: HandoffFacts, options: PolicyOptions): Promise<PolicyChoice>;
}

export interface PolicyOptions extends CallOptions {
  /** Reports to `onError` what went wrong without spoiling the choice, such as a summarizer that failed. */
  readonly notice: (error: unknown) => void;
}

/** What a policy chose. */
export interface PolicyChoice {
  /** In the order in which the receiver is to get them. */
  readonly messages: readonly ChosenMessage[];
  /** The messages that a summary among the made ones stands for. They do not count as dropped. */
  readonly summarized?: readonly SeqRange[] | undefined;
}

/** What a context function gets: every effective message, oldest first. */
export interface ContextSource extends HandoffFacts {
  readonly messages: readonly Message[];
  /** The same messages with their `seq`. */
  readonly entries: readonly ContextEntry[];
  /** The version of the log at which they were read. */
  readonly version: number;
}

/**
 * What a context function may return. Messages of the source that are returned unchanged are recorded by their `seq`;
 * all others, and those that occur more than once, are recorded whole.
 */
export type ContextChoice =
  | readonly Message[]
  | { readonly seqs: readonly number[] }
  /** `derivedFrom` names what made messages repeat; left out, everything that the function was given. */
  | {
      readonly messages: readonly Message[];
      readonly derivedFrom?: readonly SeqRange[];
      /** The messages that a made one is a summary of: those are recorded as summarized, not as dropped. */
      readonly summarized?: readonly SeqRange[];
    };

/** A policy as a function. It is called once; an error ends the handoff before the receiver runs. */
export type ContextFunction = (
  source: ContextSource,
  options: CallOptions,
) => ContextChoice | Promise<ContextChoice>;
