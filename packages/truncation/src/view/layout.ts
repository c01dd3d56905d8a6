import type { Message } from "@relevo/core";
import { firstSeq, type Group, type ViewMessage } from "../groups/group.ts";
import { partsOf, withParts } from "../groups/parts.ts";
import { CallIds } from "./call-ids.ts";
import { anchorOf, cutOf, type ViewState } from "./view-state.ts";

/** What stands at the begin of a view whose first message would not be a user's, which providers refuse. */
export const continuation = "(The conversation continues.)";

const opener: ViewMessage = {
  message: Object.freeze({ role: "user", content: continuation }),
  seq: undefined,
};

/** A view's messages in their order, and the groups that they came from. */
export interface Layout {
  readonly messages: readonly ViewMessage[];
  readonly shown: ReadonlySet<Group>;
}

/** System messages, then summaries, then what is kept in the order of the log. */
export function layOut(state: ViewState): Layout {
  const cut = cutOf(state);
  const groups = state.history.groups;
  const anchor = anchorOf(groups, cut);
  const shown = groups.filter((group) => group.pinned || group === anchor || firstSeq(group) >= cut);
  const ids = new CallIds();
  const system: ViewMessage[] = [];
  const conversation: ViewMessage[] = [];
  if (state.showsSummaries) {
    for (const { message, seq } of state.history.summaries) conversation.push({ message, seq });
  }
  for (const group of shown) {
    if (group.kind === "system") system.push(...group.messages);
    else conversation.push(...ids.unique(mergeReasoning(group.messages), firstSeq(group)));
  }
  const begin = conversation[0];
  if (begin !== undefined && begin.message.role !== "user") conversation.unshift(opener);
  return { messages: [...system, ...conversation], shown: new Set(shown) };
}

/** The opener that a view with this begin has; tokens of it are part of what a cut costs. */
export function openerBefore(first: Group | undefined): ViewMessage | undefined {
  return first === undefined || first.kind === "user" ? undefined : opener;
}

/** A message with nothing but reasoning is empty for providers that take none, so it moves into the next one. */
function mergeReasoning(messages: readonly ViewMessage[]): readonly ViewMessage[] {
  if (messages.length === 1 || !messages.some(({ message }) => isReasoning(message))) return messages;
  const result: ViewMessage[] = [];
  let waiting: ViewMessage[] = [];
  for (const one of messages) {
    if (isReasoning(one.message)) {
      waiting.push(one);
    } else if (waiting.length > 0 && one.message.role === "assistant") {
      const parts = [...waiting, one].flatMap(({ message }) => partsOf(message));
      const merged = waiting.flatMap(({ seq }) => seq ?? []);
      result.push({ message: withParts(one.message, parts), seq: one.seq, merged });
      waiting = [];
    } else result.push(one);
  }
  return result;
}

function isReasoning(message: Message): boolean {
  return (
    message.role === "assistant" &&
    typeof message.content !== "string" &&
    message.content.every((part) => part.type === "reasoning")
  );
}
