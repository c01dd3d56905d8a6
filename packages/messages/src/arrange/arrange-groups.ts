import type { Message } from "@relevo/core";
import { firstSeq, type Group, type ViewMessage } from "../groups/group.ts";
import { partsOf, withParts } from "../groups/parts.ts";
import { CallIds } from "./call-ids.ts";

/** The first message of a conversation that would otherwise not begin with a user's message, which providers refuse. */
export const continuation = "(The conversation continues.)";

const opener: ViewMessage = {
  message: Object.freeze({ role: "user", content: continuation }),
  seq: undefined,
};

/**
 * The messages of these groups in an order that every provider takes: system messages, then `lead` (such as
 * summaries of what came before), then the groups in their order. Call ids are made unique, reasoning is joined to
 * what it led to, and a conversation that would not begin with the user gets a first message that does.
 */
export function arrangeGroups(
  groups: readonly Group[],
  lead: readonly ViewMessage[] = [],
): readonly ViewMessage[] {
  const ids = new CallIds();
  const system: ViewMessage[] = [];
  const conversation: ViewMessage[] = [...lead];
  for (const group of groups) {
    const messages =
      group.kind === "system" ? group.messages : ids.unique(mergeReasoning(group.messages), firstSeq(group));
    for (const message of messages) (group.kind === "system" ? system : conversation).push(message);
  }
  const first = conversation[0];
  const opens = first !== undefined && first.message.role !== "user";
  return [...system, ...(opens ? [opener] : []), ...conversation];
}

/** The made-up first message that a view beginning with this group gets. */
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
