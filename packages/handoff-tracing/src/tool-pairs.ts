import type { ContentPart, Message, ToolCallPart, ToolResultPart } from "@relevo/core";
import type { ContextEntry } from "./log-snapshot.ts";

/** How far a window is extended to find the call of a result that it begins with. */
const maxExtension = 1000;

/**
 * The newest `count` messages, and as many before them as it takes that no tool result stands without its call and
 * no call is cut from its results. Looks at most 1,000 messages further back for a call. `recent` gives the newest
 * so many messages, oldest first.
 */
export async function recentWhole(
  recent: (count: number) => Promise<readonly ContextEntry[]>,
  count: number,
): Promise<readonly ContextEntry[]> {
  for (let size = count; ; size = Math.min(Math.max(size * 2, 16), count + maxExtension)) {
    const entries = await recent(size);
    const final = entries.length < size || size >= count + maxExtension;
    const begin = beginOfWhole(entries, Math.max(0, entries.length - count), final);
    if (begin !== undefined) return entries.slice(begin);
  }
}

/**
 * Where a window has to begin so that its results have their calls: `from` or earlier. `undefined` when a call was
 * not found; with `final` those results are given up as orphans.
 */
function beginOfWhole(entries: readonly ContextEntry[], from: number, final: boolean): number | undefined {
  const wanted = new Set<string>();
  let begin = from;
  for (let index = entries.length - 1; index >= 0; index--) {
    if (index < from && wanted.size === 0) return begin;
    for (const part of partsOf(entries[index]).toReversed()) {
      if (part.type === "tool-result") wanted.add(part.toolCallId);
      else if (part.type === "tool-call" && wanted.delete(part.toolCallId)) begin = Math.min(begin, index);
    }
  }
  return wanted.size === 0 || final ? begin : undefined;
}

/** One message of a context: out of the log, or made to answer a call that has no result. */
export type PairedMessage =
  | { readonly seq: number; readonly message: Message }
  /** `answers` is where the call stands. */
  | { readonly seq?: undefined; readonly message: Message; readonly answers: number };

/**
 * The messages as a provider takes them: a message with a result whose call is not before it is left out, and a
 * call without a result gets one made for it, behind those that are there. `pending` is the text of that result
 * for calls of the last turn: as a rule they are the ones that asked for this handoff.
 */
export function pairTools(entries: readonly ContextEntry[], pending: string): readonly PairedMessage[] {
  const orphaned = matchTools(entries).orphaned;
  const kept = entries.filter((entry) => !orphaned.has(entry));
  const { unanswered } = matchTools(kept);
  const lastSpeaker = kept.findLast(({ message }) => message.role !== "tool");

  const paired: PairedMessage[] = [];
  let speaker: ContextEntry | undefined;
  kept.forEach((entry, index) => {
    if (entry.message.role !== "tool") speaker = entry;
    paired.push(entry);
    if (speaker === undefined || kept[index + 1]?.message.role === "tool") return;
    for (const call of unanswered.get(speaker) ?? []) {
      const message = madeResult(call, speaker === lastSpeaker ? pending : undefined);
      paired.push({ message, answers: speaker.seq });
    }
  });
  return paired;
}

function madeResult(call: ToolCallPart, pending: string | undefined): Message {
  const made = { type: "tool-result", toolCallId: call.toolCallId, toolName: call.toolName } as const;
  const part: ToolResultPart =
    pending === undefined
      ? { ...made, output: "No result was recorded for this call.", isError: true }
      : { ...made, output: pending };
  return { role: "tool", content: [part] };
}

interface Matching {
  readonly unanswered: ReadonlyMap<ContextEntry, readonly ToolCallPart[]>;
  readonly orphaned: ReadonlySet<ContextEntry>;
}

/** Pairs in order: some models use the same call ids again in every turn, so ids alone say nothing. */
function matchTools(entries: readonly ContextEntry[]): Matching {
  const unanswered = new Map<ContextEntry, ToolCallPart[]>();
  const orphaned = new Set<ContextEntry>();
  const open = new Map<string, { readonly entry: ContextEntry; readonly call: ToolCallPart }>();
  const giveUp = ({ entry, call }: { entry: ContextEntry; call: ToolCallPart }): void => {
    unanswered.set(entry, [...(unanswered.get(entry) ?? []), call]);
  };
  for (const entry of entries) {
    for (const part of partsOf(entry)) {
      if (part.type === "tool-call") {
        const before = open.get(part.toolCallId);
        if (before !== undefined) giveUp(before);
        open.set(part.toolCallId, { entry, call: part });
      } else if (part.type === "tool-result" && !open.delete(part.toolCallId)) orphaned.add(entry);
    }
  }
  for (const left of open.values()) giveUp(left);
  return { unanswered, orphaned };
}

function partsOf(entry: ContextEntry | undefined): readonly ContentPart[] {
  const content = entry?.message.content;
  return content === undefined || typeof content === "string" ? [] : content;
}
