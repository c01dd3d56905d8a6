import type { JsonObject, JsonValue } from "./json.ts";
import type { Message, Provider } from "./message.ts";

/** An inclusive range of sequence numbers, `from <= to`. */
export interface SeqRange {
  readonly from: number;
  readonly to: number;
}

/**
 * A shorter text that replaces a range of messages in views. It is an event like any other: the messages that it covers
 * stay in the log, and `derivedFrom` of its event names them.
 */
export interface Summary {
  readonly text: string;
  /** Hash of the covered messages, to detect a changed source. */
  readonly sourceHash: string;
  /** Name and parameters of the strategy that decided to summarize. */
  readonly strategy: string;
  readonly model?: string;
  readonly tokensBefore: number;
  readonly tokensAfter: number;
  readonly metadata?: JsonObject;
}

/**
 * `timed-out`: the handoff's own time was over. `degraded`: the store was down when it started. `abandoned`: its process
 * gave no sign of life any more, and another one recorded the end.
 */
export type HandoffStatus =
  | "started"
  | "completed"
  | "failed"
  | "rejected"
  | "timed-out"
  | "degraded"
  | "abandoned";
/** `transfer` passes control on; `delegate` expects it back with a result. */
export type HandoffMode = "transfer" | "delegate";
export type HandoffPriority = "low" | "normal" | "high" | "urgent";

/** What the receiver was given of the session, and what not. Sufficient to rebuild what the receiver got. */
export interface HandoffContext {
  /** `full`, `last(5)`, `none`, `custom` …: the policy that chose. */
  readonly policy: string;
  /** Messages that were passed unchanged, in the order in which the receiver got them. */
  readonly passed: readonly SeqRange[];
  readonly dropped: readonly SeqRange[];
  /**
   * Messages that were passed in another form, which is recorded in `inline`: with other call ids, without some parts.
   */
  readonly reshaped?: readonly SeqRange[];
  /** Messages that a summary, which is recorded in `inline`, stands for. */
  readonly summarized?: readonly SeqRange[];
  /** Keys of documents that were handed over, each as `[...namespace, key]`. */
  readonly documents?: readonly (readonly string[])[];
  /** Messages that are not in the log, such as those made by a function. Recorded whole. */
  readonly inline?: readonly Message[];
  /** The index of each inline message in what the receiver got; the passed ones fill the rest. */
  readonly inlineAt?: readonly number[];
  /**
   * Present when the repaired messages are too large to be recorded: `passed` and `inline` then contain what was
   * chosen, in that order, and the receiver got what `@relevo/messages` makes of it.
   */
  readonly arrangement?: HandoffArrangement;
  /** The version of the log at which the messages were read. */
  readonly version?: number;
  readonly tokensBefore?: number;
  readonly tokensAfter?: number;
}

/** How the chosen messages were brought into a form that the receiver's provider accepts. */
export interface HandoffArrangement {
  /** The version of the arrangement rules. */
  readonly rules: number;
  readonly for?: Provider;
  /** The call that the handoff answered: a part of a chosen message, and its result. */
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
  readonly mode?: HandoffMode;
  /** What the sender wants the receiver to know beyond the conversation. */
  readonly data?: JsonValue;
  /** The handoff inside which this one was started. */
  readonly parentId?: string;
  readonly depth: number;
  readonly context?: HandoffContext;
  /** On end events: milliseconds since the start, by a monotonic clock. */
  readonly durationMs?: number;
  readonly outcome?: JsonValue;
  readonly error?: { readonly name: string; readonly message: string; readonly code?: string };
  /** On the end of an outer handoff: the one inside it whose end says the message of this error. */
  readonly causedBy?: string;
  /**
   * On the start: how others can tell that the process lives. A session document that it renews, or the lease with this
   * fencing token. Absent when there is no sign.
   */
  readonly liveness?: { readonly ttlMs: number } | { readonly fence: number };
  /**
   * Why an end has no outcome or error message: what they may repeat was `removed` while the receiver ran, or the store
   * `refused` the outcome.
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
 * Makes earlier events ineffective without rewriting the log: undo, `popItem`, a replaced suffix. Reads, views, search
 * and summaries treat them as removed; with `retracted: "include"` an audit still reads them.
 */
export interface Retraction {
  readonly ranges: readonly SeqRange[];
  readonly reason: string;
}

/** The body of each type of event. Custom types start with `x-` and have any JSON value. */
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
  /** The agent that the event belongs to. */
  readonly agent?: string;
  /** The caller's time in milliseconds since the epoch. It does not affect the order, which is by `seq`. */
  readonly at?: number;
  /** Never dropped by a view, and indexed. System messages are always pinned. */
  readonly pinned?: boolean;
  /**
   * The earlier events whose content this one repeats in another form. Erasing one of them erases this event too;
   * retracting one retracts this event when it is a summary. Removals before the event is appended are detected by
   * `AppendOptions.removalRevision`.
   */
  readonly derivedFrom?: readonly SeqRange[];
  /** Token counts of the body, by counter, so that it is counted only once. */
  readonly tokens?: { readonly [counter: string]: number };
  readonly metadata?: JsonObject;
}

/** What a caller appends. */
export type EventInput = { [Type in EventType]: EventFields<Type> }[EventType];

interface StoredFields {
  /** The position in the log, assigned by the store: 1, 2, 3 … without gaps in an incarnation. */
  readonly seq: number;
  /** When the store recorded the event, in milliseconds since the epoch, by the store's clock. */
  readonly recordedAt: number;
  /** Set on events that a later retraction removed; such events are returned only when asked for. */
  readonly retractedBy?: number;
  /** Never set on an event that still has its body. */
  readonly erasedAt?: undefined;
}

/** An event of one type as a store returns it. Frozen: a caller cannot change what is stored. */
export type StoredEventOf<Type extends EventType> = EventFields<Type> & StoredFields;

/**
 * What is left of an erased event: its `seq`, its type and its times. A tombstone is returned in place of the event, so
 * that a reader sees that the log has no gap.
 */
export interface Tombstone {
  readonly seq: number;
  readonly type: EventType;
  readonly at?: number;
  readonly recordedAt: number;
  readonly retractedBy?: number;
  readonly erasedAt: number;
  /** What was derived from the event was not erased with it; see `EraseOptions`. */
  readonly derived?: "kept";
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
