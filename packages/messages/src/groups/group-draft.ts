import type { ContentPart, ToolCallPart, ToolResultPart } from "@relevo/core";
import type { Entry } from "./entry.ts";
import type { GroupKind } from "./group.ts";

/** A group that is being built. */
export interface GroupDraft {
  readonly kind: GroupKind;
  readonly entries: Entry[];
  /** The messages of the role itself: one system or user message, or those of the assistant, reasoning first. */
  readonly speech: { readonly entry: Entry; readonly parts: readonly SpokenPart[] }[];
  /** The results of the group's calls, by entry. */
  readonly results: { readonly entry: Entry; readonly parts: AnsweringPart[] }[];
  readonly calls: DraftCall[];
  /** True when nothing of it can be shown. */
  dropped: boolean;
}

/** A call and its state. */
export interface DraftCall {
  readonly draft: GroupDraft;
  readonly entry: Entry;
  readonly call: ToolCallPart;
  readonly agent: string | undefined;
  /** Its number among all calls. */
  readonly place: number;
  /** True while a result may follow. */
  open: boolean;
  answered: boolean;
  /** The newest answer to the approval request, when it was a refusal. */
  refusal: { readonly entry: Entry; readonly reason: string | undefined } | undefined;
  /** The index of its round of calls and results. */
  round: number;
}

/** A part with its call, when it is one: two parts of one message may be the same object. */
export interface SpokenPart {
  readonly part: ContentPart;
  readonly call?: DraftCall;
  /** The provider does not accept it here. Reasoning that led to it is dropped with it. */
  readonly hidden?: boolean;
}

interface AnsweringPart {
  readonly part: ToolResultPart;
  readonly call: DraftCall;
}
