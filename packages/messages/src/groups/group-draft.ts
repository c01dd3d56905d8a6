import type { ContentPart, ToolCallPart, ToolResultPart } from "@relevo/core";
import type { Entry } from "./entry.ts";
import type { GroupKind } from "./group.ts";

/** A group while entries still join it. */
export interface GroupDraft {
  readonly kind: GroupKind;
  readonly entries: Entry[];
  /** What the role itself said: one system or user message, or the assistant's, reasoning first. */
  readonly speech: { readonly entry: Entry; readonly parts: readonly SpokenPart[] }[];
  /** The results of the group's calls, by the entry they came in. */
  readonly results: { readonly entry: Entry; readonly parts: AnsweringPart[] }[];
  readonly calls: DraftCall[];
}

/** A call and what became of it. */
export interface DraftCall {
  readonly draft: GroupDraft;
  readonly entry: Entry;
  readonly call: ToolCallPart;
  readonly agent: string | undefined;
  /** Its number among all calls. */
  readonly place: number;
  /** A result may still come. */
  open: boolean;
  answered: boolean;
  /** The newest answer to the question whether it may run, when that was no. */
  refusal: { readonly entry: Entry; readonly reason: string | undefined } | undefined;
  /** In which of the group's rounds of calls and results it stands. */
  round: number;
}

/** A part with its call, when it is one: two parts of one message may be the same object. */
export interface SpokenPart {
  readonly part: ContentPart;
  readonly call?: DraftCall;
  /** No provider that the messages are for takes it here. Reasoning that led to it goes with it. */
  readonly hidden?: boolean;
}

interface AnsweringPart {
  readonly part: ToolResultPart;
  readonly call: DraftCall;
}
