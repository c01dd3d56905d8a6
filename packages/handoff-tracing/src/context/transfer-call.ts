import type { JsonValue, ToolCallPart } from "@relevo/core";
import { refuse } from "@relevo/core/input";
import type { AnswerCall, ChosenEntry } from "./arrange-context.ts";
import type { ContextEntry, LogSnapshot } from "./log-snapshot.ts";

/** The tool call that asked for a handoff. */
export interface TransferCall {
  readonly toolCallId: string;
  /** Known from the log; absent when the log could not be read. */
  readonly toolName?: string;
  readonly agent?: string;
  readonly seq?: number;
}

/** How many messages are searched for the call. */
const pages = [100, 1000] as const;

/**
 * The newest open call with this id.
 *
 * @throws `invalid-input` when there is none among the newest 1,000 messages, or it has its result already.
 */
export async function findTransferCall(source: LogSnapshot, callId: string): Promise<TransferCall> {
  for (const page of pages) {
    const entries = await source.recent(page);
    const found = newestCall(entries, callId);
    if (found === "answered") {
      throw refuse("callId", "names a call that has a result. Leave it out where the framework answers it.");
    }
    if (found !== undefined) return found;
    if (entries.length < page) break;
  }
  throw refuse(
    "callId",
    "names no call of the session. Append the assistant's message with the call before.",
  );
}

function newestCall(entries: readonly ContextEntry[], callId: string): TransferCall | "answered" | undefined {
  for (const { message, seq } of entries.toReversed()) {
    if (typeof message.content === "string") continue;
    for (const part of message.content.toReversed()) {
      if (part.type === "tool-result" && part.toolCallId === callId && part.providerExecuted !== true)
        return "answered";
      if (part.type !== "tool-call" || part.toolCallId !== callId || part.providerExecuted === true) continue;
      const { toolCallId, toolName } = part;
      const { agent } = message;
      return { toolCallId, toolName, seq, ...(agent === undefined ? {} : { agent }) };
    }
  }
  return undefined;
}

/**
 * The call that this handoff answers: the one that `callId` names, or without it the newest call of the last turn whose
 * tool is named after the receiver, as frameworks do it: `transfer_to_billing`, `handoff_to_billing`. All other calls
 * without a result get one that says only that there is none.
 */
export function transferAmong(
  chosen: readonly ChosenEntry[],
  to: string,
  call: TransferCall | undefined,
): CallPlace | undefined {
  return call === undefined ? callNamedAfter(chosen, to) : callAt(chosen, call);
}

/** A call among the chosen messages: the index of the message, and that of the part in it. */
export interface CallPlace {
  readonly at: number;
  readonly part: number;
}

/** Answers the call at this place with `text`, and no other. */
export function answerAt(
  chosen: readonly ChosenEntry[],
  place: CallPlace | undefined,
  text: JsonValue,
): AnswerCall {
  const entry = place === undefined ? undefined : chosen[place.at];
  const content = entry?.message.content;
  const part = typeof content === "string" || place === undefined ? undefined : content?.[place.part];
  let isAnswered = false;
  return (one, toolCallId) => {
    // Of several calls with one id in one message, only one is the transfer.
    if (isAnswered || one !== entry || part?.type !== "tool-call" || part.toolCallId !== toolCallId)
      return undefined;
    isAnswered = true;
    return text;
  };
}

function callAt(chosen: readonly ChosenEntry[], { toolCallId, seq }: TransferCall): CallPlace | undefined {
  const at = chosen.findIndex((one) => seq !== undefined && (one.seq ?? one.formOf) === seq);
  const part = partOf(chosen[at], (call) => call.toolCallId === toolCallId);
  return part === -1 ? undefined : { at, part };
}

function callNamedAfter(chosen: readonly ChosenEntry[], to: string): CallPlace | undefined {
  const names = new Set(["transfer", "handoff", "hand_off"].map((verb) => `${verb}_to_${words(to)}`));
  for (let at = chosen.length - 1; at >= 0; at--) {
    const entry = chosen[at];
    if (entry?.message.role === "user") return undefined;
    const part = partOf(entry, (call) => names.has(words(call.toolName)));
    if (part !== -1) return { at, part };
  }
  return undefined;
}

function partOf(entry: ChosenEntry | undefined, is: (call: ToolCallPart) => boolean): number {
  const content = entry?.message.content ?? "";
  return typeof content === "string"
    ? -1
    : content.findIndex((part) => part.type === "tool-call" && is(part));
}

/** Normalises names: `transferToBilling` and `transfer-to-billing` become the same. */
function words(name: string): string {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, "_");
}
