import type { JsonObject, JsonValue } from "./json.ts";
import type { Message, Provider } from "./message.ts";

/** An inclusive range of sequence numbers, `from <= to`. */
export interface SeqRange {
  readonly from: number;
  readonly to: number;
}

/**
 * A shorter text that stands for a range of messages in views. It is an event like any other: the messages it
 * covers stay in the log, and `derivedFrom` on its event names them.
 */
export interface Summary {
  readonly text: string;
  /** Hash of the covered messages, so that a changed source is noticed. */
  readonly sourceHash: string;
  /** Name and parameters of the strategy that decided to summarize. */
  readonly strategy: string;
  readonly model?: string;
  readonly tokensBefore: number;
  readonly tokensAfter: number;
  readonly metadata?: JsonObject;
}

export type HandoffStatus = "started" | "completed" | "failed" | "rejected" | "degraded";
export type HandoffPriority = "low" | "normal" | "high" | "urgent";

/** What of the session the receiver was given, and what not. Enough to rebuild what the receiver saw. */
export interface HandoffContext {
  /** `full`, `last(5)`, `none`, `custom` …: the policy that chose. */
  readonly policy: string;
  /** Messages that were passed word for word, in the order in which the receiver saw them. */
  readonly passed: readonly SeqRange[];
  readonly dropped: readonly SeqRange[];
  /** Messages that were passed in another form, which is recorded in `inline`: with other call ids, without some parts. */
  readonly reshaped?: readonly SeqRange[];
  /** Keys of documents that were handed over, each as `[...namespace, key]`. */
  readonly documents?: readonly (readonly string[])[];
  /** Messages that stand in no log, such as those a function made. Recorded whole. */
  readonly inline?: readonly Message[];
  /** The index of each inline message in what the receiver saw; the passed ones fill the rest. */
  readonly inlineAt?: readonly number[];
  /**
   * There when what was made to repair the choice is too large to be recorded: `passed` and `inline` then say what was
   * chosen, in that order, and the receiver saw what `@relevo/messages` makes of it.
   */
  readonly arrangement?: HandoffArrangement;
  /** The log's version that the messages were read at. */
  readonly version?: number;
  readonly tokensBefore?: number;
  readonly tokensAfter?: number;
}

/** How a choice of messages was brought into a form that the receiver's provider takes. */
export interface HandoffArrangement {
  /** Of the rules by which it was done. */
  readonly rules: number;
  readonly for?: Provider;
  /** The call that the handoff answered: a part of a chosen message, and what was said. */
  readonly answered?: { readonly at: number; readonly part: number; readonly text: JsonValue };
}

/**
 * One end of a handoff. The start and the end are two events with the same `handoffId`; a start without an end
 * is a handoff that is still running or whose process died.
 */
export interface HandoffRecord {
  readonly handoffId: string;
  readonly status: HandoffStatus;
  readonly from: string;
  readonly to: string;
  readonly reason: string;
  readonly priority: HandoffPriority;
  /** What the sender wants the receiver to know, beyond the conversation. */
  readonly data?: JsonValue;
  /** The handoff inside which this one was started. */
  readonly parentId?: string;
  readonly depth: number;
  readonly context?: HandoffContext;
  /** On end events: milliseconds since the start, by a monotonic clock. */
  readonly durationMs?: number;
  readonly outcome?: JsonValue;
  readonly error?: { readonly name: string; readonly message: string; readonly code?: string };
  /**
   * Why an end says nothing of the outcome or the error's message: what they may repeat was `removed` while the
   * receiver ran, or the store `refused` the outcome as it was.
   */
  readonly omitted?: "removed" | "refused";
  readonly trace?: { readonly traceId: string; readonly spanId: string };
}

export type ExecutionStatus = "running" | "completed" | "failed" | "cancelled";

/** One run of an agent or a tool, for the audit trail. */
export interface ExecutionRecord {
  readonly executionId: string;
  readonly status: ExecutionStatus;
  readonly input?: JsonValue;
  readonly output?: JsonValue;
  readonly durationMs?: number;
  readonly error?: { readonly name: string; readonly message: string };
  readonly metadata?: JsonObject;
}

/**
 * Takes earlier events out of what is effective, without rewriting the log: undo, `popItem`, a replaced suffix.
 * Reads, views, search and summaries treat them as removed; `retracted: "include"` still shows them to an audit.
 */
export interface Retraction {
  readonly ranges: readonly SeqRange[];
  readonly reason: string;
}

/** What each type of event carries. Custom types begin with `x-` and carry any JSON value. */
export interface EventBodies {
  message: Message;
  summary: Summary;
  handoff: HandoffRecord;
  execution: ExecutionRecord;
  retraction: Retraction;
  [custom: `x-${string}`]: JsonValue;
}

export type EventType = "message" | "summary" | "handoff" | "execution" | "retraction" | `x-${string}`;

interface EventFields<Type extends EventType> {
  readonly type: Type;
  readonly body: EventBodies[Type];
  /** The branch: the agent whose story this belongs to. */
  readonly agent?: string;
  /** The caller's time in milliseconds since the epoch. Only data: order is by `seq`. */
  readonly at?: number;
  /** Never dropped by a view, and found through an index. System messages are pinned without asking. */
  readonly pinned?: boolean;
  /**
   * The earlier events whose content this one repeats in another form. Erasing one of them blanks this event too;
   * retracting one retracts this event when it is a summary. What was removed before the event is appended is
   * found by `AppendOptions.removalRevision`.
   */
  readonly derivedFrom?: readonly SeqRange[];
  /** Token count of the body by some counter, kept so that it is counted once. */
  readonly tokens?: { readonly [counter: string]: number };
  readonly metadata?: JsonObject;
}

/** What a caller appends. */
export type EventInput = { [Type in EventType]: EventFields<Type> }[EventType];

interface StoredFields {
  /** The place in the log, assigned by the store: 1, 2, 3 … without gaps in an incarnation. */
  readonly seq: number;
  /** When the store took the event, in milliseconds since the epoch, by the store's clock. */
  readonly recordedAt: number;
  /** Set on events that a later retraction removed; such events are returned only when asked for. */
  readonly retractedBy?: number;
  /** Never set on an event that still has its body. */
  readonly erasedAt?: undefined;
}

/** An event of one type as a store returns it. Frozen: a caller cannot change what is stored. */
export type StoredEventOf<Type extends EventType> = EventFields<Type> & StoredFields;

/**
 * What is left of an erased event: its place, its type and its times. A tombstone is returned where its event
 * would be, so that a reader sees that the log has no gap.
 */
export interface Tombstone {
  readonly seq: number;
  readonly type: EventType;
  readonly at?: number;
  readonly recordedAt: number;
  readonly retractedBy?: number;
  readonly erasedAt: number;
  readonly body?: undefined;
  readonly agent?: undefined;
  readonly pinned?: undefined;
  readonly derivedFrom?: undefined;
  readonly metadata?: undefined;
}

export type StoredEvent = { [Type in EventType]: StoredEventOf<Type> }[EventType] | Tombstone;

/** Narrows a stored event to one type that still has its body. */
export function isEvent<Type extends EventType>(
  event: StoredEvent,
  type: Type,
): event is StoredEvent & StoredEventOf<Type> {
  return event.type === type && event.erasedAt === undefined;
}
