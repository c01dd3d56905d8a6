import type { Message } from "@relevo/core";
import type { Entry } from "./entry.ts";

export type GroupKind = "system" | "user" | "assistant" | "tool-calls";

/**
 * What a view keeps or drops as one: a system message, a user message, an assistant's text with the reasoning before
 * it, or an assistant's tool calls with all their results. Splitting one makes a history that providers refuse.
 */
export interface Group {
  readonly kind: GroupKind;
  /** In the order of the log. The first one gives the group its place. */
  readonly entries: readonly Entry[];
  readonly pinned: boolean;
  /** What the group looks like in a view; results stand behind their calls, missing ones are made up as errors. */
  readonly messages: readonly ViewMessage[];
}

/** A message of a view and where it came from; `undefined` for one that no log holds. */
export interface ViewMessage {
  readonly message: Message;
  readonly seq: number | undefined;
  /** Messages of the log whose content stands in this one too: reasoning, before what it led to. */
  readonly merged?: readonly number[];
  /** For results that were made up: where the calls stand that they answer. */
  readonly answers?: readonly number[];
}

/**
 * - `orphan-result`: no call with its id came before; `duplicate-result`: that call was answered already.
 * - `empty`: no content but white space. `dangling-reasoning`: it led to nothing that can be shown.
 * - `approval`: a question or an answer about a call, which stands for itself.
 * - `other-provider`: only items of a provider that the messages are not for.
 * - `unsendable`: only parts that no provider takes in this role, or a provider's call that was never answered.
 */
export type LeftoverReason =
  | "orphan-result"
  | "duplicate-result"
  | "empty"
  | "dangling-reasoning"
  | "approval"
  | "other-provider"
  | "unsendable";

/** An entry that can stand in no view, and why. */
export interface Leftover {
  readonly entry: Entry;
  readonly reason: LeftoverReason;
}

/** A message that asks whether a call may run, or answers that, and the group of that call. */
export interface Approval {
  readonly entry: Entry;
  readonly group: Group;
}

export interface Grouping {
  /** In the order of their first entries. */
  readonly groups: readonly Group[];
  readonly leftovers: readonly Leftover[];
  /** Entries with a result, or an answer about a call, whose call was not among those given. */
  readonly parted: readonly Entry[];
  /** About calls without a result. Without the question, a refusal does not find its call. */
  readonly approvals: readonly Approval[];
}

export function firstSeq(group: Group): number {
  return group.entries[0]?.seq ?? 0;
}
