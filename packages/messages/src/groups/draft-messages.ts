import type { ContentPart, JsonValue, ToolCallPart, ToolResultPart } from "@relevo/core";
import { roundsOf } from "./arrange-speech.ts";
import type { Entry } from "./entry.ts";
import type { ViewMessage } from "./group.ts";
import type { DraftCall, GroupDraft } from "./group-draft.ts";
import { partsOf, withParts } from "./parts.ts";
import { isClientCall, sendablePart } from "./sendable-part.ts";

/** The result that a view shows for a call without one: the process died, or the tool is still running. */
export const missingResult = "No result was recorded for this call.";

/** A call without a result, for callers that may know more about it. */
export interface OpenCall {
  readonly call: ToolCallPart;
  /** The `seq` of the message with the call. */
  readonly seq: number;
}

/** Returns the result for a call that has none; `undefined` for `missingResult`, which is marked as an error. */
export type AnswerOpenCall = (open: OpenCall) => JsonValue | undefined;

/** The messages of the group in the form that providers accept; empty when nothing can be sent. */
export function messagesOf(draft: GroupDraft, answer?: AnswerOpenCall): ViewMessage[] {
  const [first] = draft.speech;
  // Most groups are one text, which needs no change. The general path took half of the time of a view.
  if (draft.speech.length === 1 && first !== undefined && isShownAsItIs(first)) {
    return [{ message: first.entry.message, seq: first.entry.seq }];
  }
  const rounds = roundsOf(draft);
  const replies = repliesOf(draft, rounds.length, answer);
  const messages: ViewMessage[] = [];
  rounds.forEach((round, index) => {
    for (const { entry, parts, merged } of round) {
      const one = arranged(entry, parts, entry.message.role);
      messages.push(merged.size === 0 ? one : { ...one, merged: [...merged] });
    }
    for (const reply of replies[index] ?? []) messages.push(reply);
  });
  return messages;
}

/** A text, or a message that consists only of the provider's native item. */
function isShownAsItIs({ entry, parts }: GroupDraft["speech"][number]): boolean {
  return (
    typeof entry.message.content === "string" || (parts.length === 0 && partsOf(entry.message).length === 0)
  );
}

/** The answers to the calls of each round: results, then refusals, then results for calls that have none. */
function repliesOf(draft: GroupDraft, rounds: number, answer: AnswerOpenCall | undefined): ViewMessage[][] {
  const replies = Array.from({ length: rounds }, (): ViewMessage[] => []);
  for (const { entry, parts } of draft.results) {
    const byRound = new Map<number, ContentPart[]>();
    for (const { part, call } of parts) {
      const same = byRound.get(call.round);
      if (same === undefined) byRound.set(call.round, [part]);
      else same.push(part);
    }
    for (const [round, own] of byRound) replies[round]?.push(arranged(entry, own, "tool"));
  }
  const missing = new Map<number, { content: ToolResultPart[]; answers: Set<number> }>();
  for (const call of draft.calls) {
    if (call.answered || !isClientCall(call.call)) continue;
    if (call.refusal !== undefined) replies[call.round]?.push(refusalOf(call, call.refusal));
    else {
      const made = missing.get(call.round) ?? { content: [], answers: new Set<number>() };
      missing.set(call.round, made);
      made.content.push(resultOf(call, answer));
      made.answers.add(call.entry.seq);
    }
  }
  for (const [round, { content, answers }] of missing) {
    replies[round]?.push({ message: { role: "tool", content }, seq: undefined, answers: [...answers] });
  }
  return replies;
}

/** A refusal as a result, at the position of the answer in the log. */
function refusalOf(call: DraftCall, { entry, reason }: NonNullable<DraftCall["refusal"]>): ViewMessage {
  const text = reason === undefined ? "This call was refused." : `This call was refused: ${reason}`;
  const content = [madeResult(call.call, text, true)];
  return { message: { role: "tool", content }, seq: entry.seq };
}

function resultOf({ call, entry }: DraftCall, answer: AnswerOpenCall | undefined): ToolResultPart {
  const known = answer?.({ call, seq: entry.seq });
  return known === undefined ? madeResult(call, missingResult, true) : madeResult(call, known, false);
}

/** The entry's own message when nothing changes, so that stored counts still hold. */
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

function madeResult(call: ToolCallPart, output: JsonValue, isError: boolean): ToolResultPart {
  const { toolCallId, toolName } = call;
  const result: ToolResultPart = { type: "tool-result", toolCallId, toolName, output };
  return sendablePart(isError ? { ...result, isError } : result);
}
