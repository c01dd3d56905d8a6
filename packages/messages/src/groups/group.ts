import type { Message } from "@relevo/core";
import type { Entry } from "./entry.ts";

export type GroupKind = "system" | "user" | "assistant" | "tool-calls";

/**
 * The unit that a view keeps or drops: a system message, a user message, an assistant's text with the reasoning before
 * it, or an assistant's tool calls with all their results. A history with a split group is refused by providers.
 */
export interface Group {
  readonly kind: GroupKind;
  /** In the order of the log. The first one determines the position of the group. */
  readonly entries: readonly Entry[];
  readonly pinned: boolean;
  /** The messages of the group in a view: results follow their calls, and missing ones are added as errors. */
  readonly messages: readonly ViewMessage[];
}

/** A message of a view and its `seq`; `undefined` for one that is not in the log. */
export interface ViewMessage {
  readonly message: Message;
  readonly seq: number | undefined;
  /** Messages of the log that are merged into this one, such as reasoning. */
  readonly merged?: readonly number[];
  /** For added results: the `seq` of the messages with their calls. */
  readonly answers?: readonly number[];
}

/**
 * - `orphan-result`: no earlier call has its id; `duplicate-result`: that call is answered already.
 * - `empty`: only white space. `dangling-reasoning`: it led to nothing that can be shown.
 * - `approval`: an approval request or response, which is not shown itself.
 * - `other-provider`: only items of another provider.
 * - `unsendable`: only parts that no provider accepts in this role, or a provider's call that was never answered.
 */
export type LeftoverReason =
  | "orphan-result"
  | "duplicate-result"
  | "empty"
  | "dangling-reasoning"
  | "approval"
  | "other-provider"
  | "unsendable";

/** An entry that no view can show, and why. */
export interface Leftover {
  readonly entry: Entry;
  readonly reason: LeftoverReason;
}

/** A message with an approval request or response, and the group of its call. */
export interface Approval {
  readonly entry: Entry;
  readonly group: Group;
}

export interface Grouping {
  /** In the order of their first entries. */
  readonly groups: readonly Group[];
  readonly leftovers: readonly Leftover[];
  /** Entries with a result or an approval response whose call is not among the given entries. */
  readonly parted: readonly Entry[];
  /** Approvals of calls without a result. Without the request, a refusal cannot be matched to its call. */
  readonly approvals: readonly Approval[];
}

export function firstSeq(group: Group): number {
  return group.entries[0]?.seq ?? 0;
}
