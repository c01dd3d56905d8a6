import type { Message, ViewForm } from "@relevo/core";

/** A violation of a rule of a provider. */
export interface Problem {
  /** The index of the message. */
  readonly index: number;
  readonly rule: string;
  readonly source: string;
  readonly message: string;
}

/** One requirement of a provider for a conversation. */
export interface Rule {
  /** Stable, such as `anthropic/results-follow-calls`. */
  readonly id: string;
  readonly says: string;
  /** The provider's documentation, or the text of its error. */
  readonly source: string;
  /** Only for models of this kind; checked on request. */
  readonly prefill?: ViewForm["prefill"];
  check(messages: readonly Message[]): readonly Finding[];
}

export interface Finding {
  readonly index: number;
  readonly what: string;
}
