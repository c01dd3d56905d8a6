import { defaultLimits, type EventInput, type HandoffRecord, type Message } from "@relevo/core";
import { admitJson } from "@relevo/core/input";
import type { TransferCall } from "../context/transfer-call.ts";
import type { HandoffRequest } from "../handoff-types.ts";

/** The call that the end of a handoff answers, and the result that the caller gave for it. */
export interface AnsweredCall {
  readonly call: TransferCall;
  readonly result: HandoffRequest["callResult"];
}

/** The result that the receiver sees for the call that asked for the handoff. */
export function handedTo({ to, mode }: Pick<HandoffRecord, "to" | "mode">): string {
  return mode === "delegate" ? `The task was delegated to ${to}.` : `Control was passed to ${to}.`;
}

/**
 * The event with the result of the call that asked for the handoff, which is appended together with the end.
 *
 * @param end the record of the end, and what its outcome is derived from, which the result may repeat.
 * @param isError true when the receiver did not complete the handoff.
 * @throws what the caller's function throws; `invalid-input` or `too-large` for a result that no event can hold.
 */
export function callResultEvent(
  { call, result }: AnsweredCall,
  { body: end, at = 0, derivedFrom = [] }: Extract<EventInput, { readonly type: "handoff" }>,
  isError: boolean,
): EventInput {
  const { toolCallId, toolName, agent } = call;
  const returned = end.mode === "delegate" && !isError ? end.outcome : undefined;
  const made = typeof result === "function" ? result(end) : (result ?? returned);
  const speaker = agent === undefined ? {} : { agent };
  const body: Message = {
    role: "tool",
    id: `handoff:${end.handoffId}:result`,
    at,
    ...speaker,
    content: [
      {
        type: "tool-result",
        toolCallId,
        ...(toolName === undefined ? {} : { toolName }),
        output: admitJson(made ?? textOf(end, isError), "callResult", defaultLimits).value,
        ...(isError ? { isError } : {}),
      },
    ],
  };
  // A constant text repeats nothing of the conversation.
  const repeats = typeof result !== "string" && (made !== undefined || isError);
  return {
    type: "message",
    at,
    ...speaker,
    ...(repeats && derivedFrom.length > 0 ? { derivedFrom } : {}),
    body,
  };
}

/** The message of an error is not meant for a model; the reason of a rejection is. */
function textOf({ to, mode, status, error }: HandoffRecord, isError: boolean): string {
  if (!isError) return mode === "delegate" ? `${to} has finished.` : handedTo({ to });
  if (status === "rejected" && error !== undefined && error.message !== "")
    return `${to} did not take over: ${error.message}`;
  return status === "rejected" ? `${to} did not take over.` : `The handoff to ${to} failed.`;
}
