import { type JsonValue, refuse } from "@relevo/core";
import type { AnswerCall, ChosenEntry } from "./arrange-context.ts";
import type { ContextEntry, LogSnapshot } from "./log-snapshot.ts";

/** The tool call that asked for a handoff. */
export interface TransferCall {
  readonly toolCallId: string;
  /** What is known of it from the log; nothing when the log could not be read. */
  readonly toolName?: string;
  readonly agent?: string;
  readonly seq?: number;
}

/** How far back the call may stand. */
const pages = [100, 1000] as const;

/**
 * The open call with this id, the newest of them.
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
 * What the receiver is told of calls without a result. Only the transfer's own was answered, by this handoff: the one
 * that `callId` names, or without it the newest call of the last turn whose tool is named after the receiver, as
 * frameworks do it: `transfer_to_billing`, `handoff_to_billing`. Nothing is said of any other than that it has no result.
 */
export function answerTransfer(
  chosen: readonly ChosenEntry[],
  to: string,
  call: TransferCall | undefined,
  text: JsonValue,
): AnswerCall {
  const own = call === undefined ? callNamedAfter(chosen, to) : callAt(chosen, call);
  let isAnswered = false;
  return (entry, toolCallId) => {
    // One of several calls with one id in one message is the transfer.
    if (isAnswered || own?.entry !== entry || own.toolCallId !== toolCallId) return undefined;
    isAnswered = true;
    return text;
  };
}

interface OwnCall {
  readonly entry: ChosenEntry;
  readonly toolCallId: string;
}

function callAt(chosen: readonly ChosenEntry[], { toolCallId, seq }: TransferCall): OwnCall | undefined {
  const entry = chosen.find((one) => seq !== undefined && (one.seq ?? one.formOf) === seq);
  return entry === undefined ? undefined : { entry, toolCallId };
}

function callNamedAfter(chosen: readonly ChosenEntry[], to: string): OwnCall | undefined {
  const names = new Set(["transfer", "handoff", "hand_off"].map((verb) => `${verb}_to_${words(to)}`));
  for (const entry of chosen.toReversed()) {
    const { role, content } = entry.message;
    if (role === "user") return undefined;
    if (typeof content === "string") continue;
    for (const part of content) {
      if (part.type === "tool-call" && names.has(words(part.toolName)))
        return { entry, toolCallId: part.toolCallId };
    }
  }
  return undefined;
}

/** `transferToBilling` and `transfer-to-billing` are the same words. */
function words(name: string): string {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, "_");
}
