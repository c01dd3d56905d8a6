import type {
  CallOptions,
  ContentPart,
  EraseResult,
  EventInput,
  ExecutionStatus,
  JsonObject,
  JsonValue,
  Message,
  SeqRange,
  TokenCounter,
  ViewForm,
  ViewStrategy,
} from "@relevo/core";
import type { ViewRecordOptions } from "../view/view-record.ts";

export interface SessionOptions {
  /** The owner inside the tenant, such as a user id. Recorded when the session is created, ignored afterwards. */
  readonly subject?: string;
  /** Recorded when the session is created, ignored afterwards; `touch` changes it. */
  readonly metadata?: JsonObject | undefined;
  /** The session's idle lifetime, set by each append through this object; `null` for ever. */
  readonly ttlMs?: number | null | undefined;
  /** The incarnation, when it is known already. */
  readonly incarnation?: string;
  /**
   * What disposal does at the end of an `await using` block, also after an exception: `keep` changes nothing,
   * `clear-working` forgets the working memory, `archive` moves the session into the archive, `delete` ends the session.
   * `keep` when left out.
   */
  readonly onDispose?: "keep" | "clear-working" | "archive" | "delete" | undefined;
}

/** A message, or an event of any type. */
export type AppendInput = Message | EventInput;

/** Options of every write to a session. */
export interface SessionWriteOptions extends CallOptions {
  /** Makes a retry safe: the same request under one id is applied once; a different request is `conflict`. */
  readonly operationId?: string;
  /** The fencing token of the lease under which the caller runs. */
  readonly fence?: number;
}

export interface SessionAppendOptions extends SessionWriteOptions {
  /** The last `seq` that the caller read. A stale one is `conflict` and changes nothing. */
  readonly expectedVersion?: number;
  /**
   * For events that are `derivedFrom` others: the `removalRevision` of the `view`, the `events` or the `head` that they
   * were made from. When one of those others was erased, retracted or trimmed since, the append is `conflict`.
   */
  readonly removalRevision?: number;
  /** The agent that the events belong to. Also set on assistant and tool messages that name no agent. */
  readonly agent?: string;
  /** The session's idle lifetime from now on. */
  readonly ttlMs?: number | null | undefined;
}

export interface RetractOptions extends SessionWriteOptions {
  /** Stored with the retraction; the name of the method when left out. */
  readonly reason?: string | undefined;
}

/** Names messages and events by exactly one of these, and at least one of them. */
export interface NamedEvents {
  /** The ids of messages. Finding them reads the log backward, so the cost grows with its length; `seqs` need no search. */
  readonly ids?: readonly string[];
  readonly seqs?: readonly (number | SeqRange)[];
}

export interface EraseEventsOptions extends CallOptions, NamedEvents {}

export interface RetractNamedOptions extends RetractOptions, NamedEvents {}

export interface ReplaceOptions extends RetractOptions {
  /** The agent that the new messages belong to, as of an append. */
  readonly agent?: string;
}

/** A message of a session, with its place in the log. `append` takes it too, and leaves out what the log knows. */
export interface SessionMessage extends Message {
  readonly id: string;
  readonly seq: number;
  /** Set on an answer that was cut off: its source failed, its consumer stopped, or a signal fired. */
  readonly partial?: "failed" | "stopped" | "aborted";
}

/** Text, which is joined, or a whole part such as a tool call. */
export type AnswerPiece = string | ContentPart;

export interface StreamOptions extends SessionWriteOptions {
  /** The agent that answers. */
  readonly agent?: string;
  /** The id of the message. */
  readonly id?: string;
  /** The metadata of the message. */
  readonly metadata?: JsonObject | undefined;
  /** In a turn, keeps the whole answer for the end of the turn, as `appendAtEnd` does. */
  readonly atEnd?: boolean | undefined;
}

/** What was erased in a session, and in the sessions that were forked from it. */
export interface EraseEventsResult extends EraseResult {
  /** Absent when there was nothing to erase in a fork. */
  readonly forks?: readonly { readonly session: string; readonly erased: readonly number[] }[];
}

export interface ForkOptions extends CallOptions {
  /**
   * The last message or event of the new session: the `seq` of any event, or the id of a message. The end of the log when
   * left out.
   */
  readonly at?: string | number;
  /** The id of the new session; generated when left out. The same fork under the same id is made once. */
  readonly id?: string;
  /** The new session's metadata; that of this session when left out. */
  readonly metadata?: JsonObject | undefined;
}

/** Where a fork came from. */
export interface ForkOrigin {
  readonly session: string;
  readonly incarnation: string;
  /** The last `seq` that both have in common. */
  readonly at: number;
}

export interface MessagesOptions extends CallOptions {
  /** The most messages, newest first; all when left out. */
  readonly limit?: number | undefined;
  /** The order of the result: `forward`, the default, returns the oldest first. */
  readonly direction?: "forward" | "backward" | undefined;
  /** Only messages of this agent. */
  readonly agent?: string;
}

export interface ViewOptions extends CallOptions, ViewForm {
  /** Replaces the memory's own strategy. */
  readonly strategy?: ViewStrategy | undefined;
  /** The fencing token for events that the strategy appends, such as a summary, and for the record. */
  readonly fence?: number;
  /**
   * Keeps what is shown, for `explain`: a document of the session, one write for each view, which changes neither the
   * version nor the idle time. It names ranges of the log; words are in it only of messages that were made or shown in
   * another form. Not kept when left out. A record that could not be written is one of the view's `notices`.
   */
  readonly record?: boolean | ViewRecordOptions | undefined;
  /**
   * Whether answers that were cut off are shown to the model, which is so when left out, or dropped with the reason
   * `partial`. Use one of the two for all views of a session that is summarized.
   */
  readonly partial?: "show" | "hide" | undefined;
  /**
   * The most tokens of this view, beside what the strategy allows; counted by the memory's counter when none is given. The
   * view is `budget-exceeded` when not even the newest turn fits, or when the strategy does not keep to it. A promise of it
   * is waited for while the newest page is read.
   */
  readonly within?: ViewBound | Promise<ViewBound> | undefined;
}

/** The most tokens of a view. */
export interface ViewBound {
  readonly maxTokens: number;
  readonly counter?: TokenCounter | undefined;
}

export interface ExecutionInput {
  readonly input?: JsonValue | undefined;
  readonly output?: JsonValue | undefined;
  /** `completed` when left out. */
  readonly status?: ExecutionStatus | undefined;
  readonly agent?: string;
  readonly durationMs?: number | undefined;
  /** An `Error`, or its name and message. The stack is not stored. */
  readonly error?: { readonly name: string; readonly message: string } | undefined;
  readonly metadata?: JsonObject | undefined;
  /** To record a later state of the same execution. */
  readonly executionId?: string;
  /** The events that the record repeats: erasing one of them erases the record. */
  readonly derivedFrom?: readonly SeqRange[] | undefined;
}

export interface RecordExecutionOptions extends SessionWriteOptions {
  /** For a record that is `derivedFrom` events, as of an append. */
  readonly removalRevision?: number;
}

export interface LeaseOptions extends CallOptions {
  /** How long the lease lasts without a renewal; 30,000 when left out. */
  readonly ttlMs?: number | undefined;
  /** How long to wait while another holder has the lease; 0, the default, does not wait. */
  readonly waitMs?: number | undefined;
}

export interface TurnOptions extends CallOptions {
  /** Names the turn, so that its result is recorded and a retry gets it. Left out, the turn only excludes others. */
  readonly operationId?: string;
  /** What is asked, as JSON: together with the id it says which turns are the same. */
  readonly request?: JsonValue;
  /**
   * What to do while another turn runs: `wait`, the default, up to `waitMs`; `refuse` at once; `take-over` ends it: what
   * it writes from then on is refused.
   */
  readonly whenBusy?: "wait" | "refuse" | "take-over" | undefined;
  /** The longest wait for other turns; 60,000 when left out, longer than the lease of a process that has died. */
  readonly waitMs?: number | undefined;
  /** How long the lease lasts without a renewal; 30,000 when left out. */
  readonly ttlMs?: number | undefined;
  /** The most bytes of the recorded result as JSON; 262,144 when left out. */
  readonly maxResultBytes?: number | undefined;
}

export interface AbandonOptions extends CallOptions {
  /** Retracts the messages that the turn has appended. */
  readonly retract?: boolean | undefined;
}
