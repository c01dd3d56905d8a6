import type { Message, ViewForm } from "@relevo/core";
import { firstSeq, type Group, type ViewMessage } from "../groups/group.ts";
import { partsOf, withParts } from "../groups/parts.ts";
import { CallIds } from "./call-ids.ts";

/** The first message of a conversation that would not start with a user message, which providers refuse. */
export const continuation = "(The conversation continues.)";

const opener: ViewMessage = {
  message: Object.freeze({ role: "user", content: continuation }),
  seq: undefined,
};

/** The last message of a conversation that must not end with the assistant. */
export const prompting = "(Please continue.)";

const closer: ViewMessage = {
  message: Object.freeze({ role: "user", content: prompting }),
  seq: undefined,
};

/** Incremented with each change that arranges the same groups differently; records may store it. */
export const arrangementRules = 1;

export interface ArrangeOptions extends ViewForm {
  /** Messages between the system messages and the groups, such as summaries of older ones. */
  readonly lead?: readonly ViewMessage[] | undefined;
}

/**
 * The messages of these groups in an order that the provider accepts, or, without `for`, that all four accept: system
 * messages, then `lead`, then the groups in their order. Call ids are made unique, reasoning is joined to what it led
 * to, and a conversation that would not start with the user gets a first user message. Groups and options must be made
 * for the same provider. The cost is linear in the number of parts.
 *
 * Idempotent.
 */
export function arrangeGroups(
  groups: readonly Group[],
  options: ArrangeOptions = {},
): readonly ViewMessage[] {
  let ids: CallIds | undefined;
  const system: ViewMessage[] = [];
  const conversation: ViewMessage[] = options.lead === undefined ? [] : [...options.lead];
  for (const group of groups) {
    let { messages } = group;
    if (group.kind !== "system" && !isText(messages)) {
      ids ??= new CallIds(options.for);
      messages = ids.unique(mergeReasoning(messages), firstSeq(group));
    }
    const place = group.kind === "system" ? system : conversation;
    for (const message of messages) place.push(message);
  }
  const first = conversation[0];
  const opens = first !== undefined && first.message.role !== "user";
  endFor(conversation, options.prefill);
  if (system.length === 0 && !opens) return conversation;
  return [...system, ...(opens ? [opener] : []), ...conversation];
}

/** One message without parts: it has neither calls nor reasoning. */
function isText(messages: readonly ViewMessage[]): boolean {
  return messages.length === 1 && typeof messages[0]?.message.content === "string";
}

/** Changes the end for models that refuse, or continue, a last assistant message. */
function endFor(conversation: ViewMessage[], prefill: ViewForm["prefill"]): void {
  const last = conversation.at(-1);
  if (prefill === undefined || last?.message.role !== "assistant") return;
  if (prefill === "refused") conversation.push(closer);
  else conversation.splice(-1, 1, { ...last, message: withoutTrailingSpace(last.message) });
}

function withoutTrailingSpace(message: Message): Message {
  const { content } = message;
  if (typeof content === "string") {
    return content === content.trimEnd()
      ? message
      : { ...withParts(message, []), content: content.trimEnd() };
  }
  const last = content.at(-1);
  if (last?.type !== "text" || last.text === last.text.trimEnd()) return message;
  return withParts(message, [...content.slice(0, -1), { ...last, text: last.text.trimEnd() }]);
}

/** The synthetic first message of a view that starts with this group. */
export function openerBefore(first: Group | undefined): ViewMessage | undefined {
  return first === undefined || first.kind === "user" ? undefined : opener;
}

/** A message of reasoning only is empty for providers that drop reasoning, so it moves into the next message. */
function mergeReasoning(messages: readonly ViewMessage[]): readonly ViewMessage[] {
  if (messages.length === 1 || !messages.some(({ message }) => isReasoning(message))) return messages;
  const result: ViewMessage[] = [];
  let waiting: ViewMessage[] = [];
  for (const one of messages) {
    if (isReasoning(one.message)) {
      waiting.push(one);
    } else if (waiting.length > 0 && one.message.role === "assistant") {
      const parts = [...waiting, one].flatMap(({ message }) => partsOf(message));
      const merged = waiting.flatMap(({ seq, merged: also = [] }) => [
        ...(seq === undefined ? [] : [seq]),
        ...also,
      ]);
      result.push({
        ...one,
        message: withParts(one.message, parts),
        merged: [...merged, ...(one.merged ?? [])],
      });
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
