import { isEvent, type SeqRange, type StoredEvent } from "../events.ts";
import type { JsonValue } from "../json.ts";
import type { Message } from "../message.ts";
import { normalizeRanges } from "./ranges.ts";

/** The `seq` of a message that consists of reasoning only, and that of the message that it led to. */
export interface LedTo {
  readonly seq: number;
  readonly to: number;
}

/** A summary in force, and what it covers. */
export interface LiveSummary {
  /** Its `seq`; `undefined` while it is not in the log. */
  readonly seq: number | undefined;
  readonly text: string;
  /** The message that a view shows for it. */
  readonly message: Message;
  /** Stored token counts of that message. */
  readonly tokens?: { readonly [counter: string]: number } | undefined;
  readonly covers: readonly SeqRange[];
  /** Nothing below this `seq` needs to be read: it is covered, pinned, or in `kept`. */
  readonly cut: number;
  /** Messages below the cut that the summary does not cover and that are not pinned. */
  readonly kept: readonly number[];
  /** Pinned messages below the cut that no view can show, such as a result without its call. */
  readonly left: readonly number[];
  /**
   * Reasoning below the cut that the summary does not cover, each with the message that it led to, without which it is
   * not shown. Grouping could not find that out, because the messages in between may be covered.
   */
  readonly reasoning: readonly LedTo[];
  readonly sourceHash: string;
  readonly tokensBefore: number;
  /** What it covers was removed, or is about to be: every view shows it, also one that makes no summaries. */
  readonly replaces: boolean;
}

/**
 * What a summary event covers; `undefined` for other events. A summary of another program says only what it is derived
 * from; everything else then has to be read.
 */
export function liveSummaryOf(event: StoredEvent): LiveSummary | undefined {
  if (!isEvent(event, "summary")) return undefined;
  const { text, sourceHash, tokensBefore, metadata } = event.body;
  const covers = rangesIn(metadata?.covers) ?? normalizeRanges(event.derivedFrom ?? []);
  if (covers.length === 0) return undefined;
  const { cut } = metadata ?? {};
  const kept = seqsIn(metadata?.kept);
  const left = seqsIn(metadata?.left);
  const known = rangesIn(metadata?.covers) !== undefined && isSeq(cut) && kept !== undefined;
  return {
    seq: event.seq,
    text,
    message: messageOfSummary(text),
    tokens: event.tokens,
    covers,
    cut: known ? cut : 1,
    kept: known ? kept : [],
    left: known ? (left ?? []) : [],
    reasoning: known ? ledToIn(metadata?.reasoning) : [],
    sourceHash,
    tokensBefore,
    replaces: metadata?.replaces === true,
  };
}

/** A summary as a user message: its content comes from the conversation and must not have more authority. */
export function messageOfSummary(text: string): Message {
  return { role: "user", content: `Summary of the conversation so far:\n${text}` };
}

function rangesIn(value: JsonValue | undefined): readonly SeqRange[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const ranges: SeqRange[] = [];
  for (const one of value as readonly JsonValue[]) {
    if (typeof one !== "object" || one === null || Array.isArray(one)) return undefined;
    const { from, to } = one as { readonly from?: JsonValue; readonly to?: JsonValue };
    if (!isSeq(from) || !isSeq(to) || from > to) return undefined;
    ranges.push({ from, to });
  }
  return normalizeRanges(ranges);
}

function ledToIn(value: JsonValue | undefined): readonly LedTo[] {
  if (!Array.isArray(value)) return [];
  return (value as readonly JsonValue[]).flatMap((one) => {
    if (typeof one !== "object" || one === null || Array.isArray(one)) return [];
    const { seq, to } = one as { readonly seq?: JsonValue; readonly to?: JsonValue };
    return isSeq(seq) && isSeq(to) ? [{ seq, to }] : [];
  });
}

function seqsIn(value: JsonValue | undefined): readonly number[] | undefined {
  return Array.isArray(value) ? (value as readonly JsonValue[]).filter(isSeq) : undefined;
}

function isSeq(value: JsonValue | undefined): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}
