import type { ContentPart, ToolCallPart, ToolResultPart } from "@relevo/core";
import type { Entry } from "./entry.ts";
import type { GroupKind, ViewMessage } from "./group.ts";
import { partsOf, withParts } from "./parts.ts";
import { isClientCall, sendablePart } from "./sendable-part.ts";

/** What a view says in place of a result that never came: the process died, or the tool still runs. */
export const missingResult = "No result was recorded for this call.";

/** A group while entries still join it. */
export interface GroupDraft {
  readonly kind: GroupKind;
  readonly entries: Entry[];
  /** What the role itself said: one system or user message, or the assistant's, reasoning first. */
  readonly speech: { readonly entry: Entry; readonly parts: readonly SpokenPart[] }[];
  /** The results of the group's calls, by the entry they came in. */
  readonly results: { readonly entry: Entry; readonly parts: ToolResultPart[] }[];
  readonly calls: DraftCall[];
}

/** A call and what became of it. */
export interface DraftCall {
  readonly draft: GroupDraft;
  readonly call: ToolCallPart;
  readonly agent: string | undefined;
  answered: boolean;
  /** The newest answer to the question whether it may run, when that was no. */
  refusal: { readonly entry: Entry; readonly reason: string | undefined } | undefined;
}

/** A part with its call, when it is one: two parts of one message may be the same object. */
export interface SpokenPart {
  readonly part: ContentPart;
  readonly call?: DraftCall;
}

/** The group as providers take it; nothing when none of it can be sent. */
export function messagesOf(draft: GroupDraft): ViewMessage[] {
  const [first] = draft.speech;
  // Most groups are one text, which is shown as it is. Going the long way took half of a view's time.
  if (draft.speech.length === 1 && typeof first?.entry.message.content === "string") {
    return [{ message: first.entry.message, seq: first.entry.seq }];
  }
  const messages = speechOf(draft);
  if (messages.length === 0) return [];
  for (const { entry, parts } of draft.results) messages.push(arranged(entry, parts, "tool"));
  const unanswered = draft.calls.filter(({ call, answered }) => !answered && isClientCall(call));
  for (const { call, refusal } of unanswered) {
    if (refusal === undefined) continue;
    const text =
      refusal.reason === undefined ? "This call was refused." : `This call was refused: ${refusal.reason}`;
    // It says what the answer in the log says, so it has that answer's place.
    messages.push({
      message: { role: "tool", content: [resultInPlaceOf(call, text)] },
      seq: refusal.entry.seq,
    });
  }
  const missing = unanswered.filter(({ refusal }) => refusal === undefined);
  if (missing.length > 0) {
    const content = missing.map(({ call }) => resultInPlaceOf(call, missingResult));
    messages.push({ message: { role: "tool", content }, seq: undefined });
  }
  return messages;
}

/**
 * The assistant's messages as providers take them: without what cannot be sent, and with the calls that we run at the
 * very end, where their results follow.
 */
function speechOf({ speech }: GroupDraft): ViewMessage[] {
  const messages = speech.map(({ entry, parts }) => ({
    entry,
    // A provider's call without its result cannot be answered by us.
    parts: parts.filter(({ call }) => call === undefined || call.answered || isClientCall(call.call)),
  }));
  const calls: ContentPart[] = [];
  const arrangedParts: { readonly entry: Entry; readonly parts: ContentPart[] }[] = [];
  for (const { entry, parts } of messages) {
    if (parts.length === 0) continue;
    const others = parts.flatMap(({ part }) => (isClientCall(part) ? [] : [part]));
    for (const { part } of parts) if (isClientCall(part)) calls.push(part);
    arrangedParts.push({ entry, parts: others });
  }
  arrangedParts.at(-1)?.parts.push(...calls);
  dropTrailingReasoning(arrangedParts);
  return arrangedParts
    .filter(({ parts }) => parts.length > 0)
    .map(({ entry, parts }) => arranged(entry, parts, entry.message.role));
}

/** Reasoning behind the last thing said has led to nothing, and no provider takes it there. */
function dropTrailingReasoning(messages: readonly { readonly parts: ContentPart[] }[]): void {
  for (const { parts } of messages.toReversed()) {
    while (parts.at(-1)?.type === "reasoning") parts.pop();
    if (parts.length > 0) return;
  }
}

/** The entry's own message wherever it says the same, so that what is known of it still holds. */
function arranged(
  entry: Entry,
  parts: readonly ContentPart[],
  role: "tool" | Entry["message"]["role"],
): ViewMessage {
  const { message, seq } = entry;
  const sendable = parts.map(sendablePart);
  const own = partsOf(message);
  const same =
    message.role === role &&
    (typeof message.content === "string" ||
      (sendable.length === own.length && sendable.every((part, at) => part === own[at])));
  return { message: same ? message : { ...withParts(message, sendable), role }, seq };
}

function resultInPlaceOf(call: ToolCallPart, output: string): ToolResultPart {
  const { toolCallId, toolName } = call;
  const result: ToolResultPart = { type: "tool-result", toolCallId, toolName, output, isError: true };
  return sendablePart(result);
}
