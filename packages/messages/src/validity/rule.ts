import type { Message, ViewForm } from "@relevo/core";

/** Something that a provider would refuse. */
export interface Problem {
  /** The message it is found at. */
  readonly index: number;
  readonly rule: string;
  readonly source: string;
  readonly message: string;
}

/** One thing that a provider demands of a conversation. */
export interface Rule {
  /** Stable, such as `anthropic/results-follow-calls`. */
  readonly id: string;
  readonly says: string;
  /** The provider's page, or the error text by which the provider is known to say it. */
  readonly source: string;
  /** Only for models of this kind; checked when they are asked for. */
  readonly prefill?: ViewForm["prefill"];
  check(messages: readonly Message[]): readonly Finding[];
}

export interface Finding {
  readonly index: number;
  readonly what: string;
}
