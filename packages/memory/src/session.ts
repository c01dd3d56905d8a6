import type {
  AppendResult,
  CallOptions,
  EraseResult,
  EventInput,
  ExecutionStatus,
  JsonObject,
  JsonValue,
  Lease,
  Message,
  ReadOptions,
  ReadResult,
  SeqRange,
  SessionAddress,
  SessionHead,
  SessionObject,
  SessionWriteGuard,
  TouchOptions,
  View,
  ViewForm,
  ViewStrategy,
} from "@relevo/core";
import type { AgentMemory, WorkingMemory } from "./agent-memory.ts";
import type { ExplainedView, ExplainOptions } from "./explain-view.ts";
import type { ActivityOptions, SessionActivity } from "./session-activity.ts";
import type { SessionUser } from "./user.ts";
import type { ViewRecordOptions } from "./view-record.ts";

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
   * `clear-working` forgets the working memory, `delete` ends the session. `keep` when left out.
   */
  readonly onDispose?: "keep" | "clear-working" | "delete" | undefined;
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

export interface EraseEventsOptions extends CallOptions {
  readonly seqs: readonly (number | SeqRange)[];
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

/** The session inside one of its turns. Writes after the end of the turn are a `conflict`. */
export interface TurnSession extends Session {
  /** The operation id of the turn, or a generated one: what its events carry. */
  readonly turnId: string;
  /**
   * Keeps messages or events for the end of the turn, where they are appended in one step with the recorded result, in
   * the order of the calls. When the turn fails they are not appended.
   *
   * @throws `invalid-input`; `too-large`.
   */
  appendAtEnd(input: AppendInput | readonly AppendInput[], options?: { readonly agent?: string }): void;
}

/** A turn that was begun by `beginTurn`. Disposal abandons it unless it was committed. */
export interface OpenTurn extends AsyncDisposable {
  readonly session: TurnSession;
  /** Fires when the lease is lost, with the reason, or when the caller's signal fires. */
  readonly signal: AbortSignal;
  /** The recorded result when the turn has ended before: there is nothing to do then, and nothing can be written. */
  readonly recorded: { readonly result: JsonValue | undefined } | undefined;
  /** Runs the function inside the turn. */
  run<Result>(work: () => Result): Result;
  /**
   * Ends the turn and records the result; returns it, or the recorded one. After a failure the turn is still open, and
   * may be committed again.
   */
  commit(result?: JsonValue): Promise<JsonValue | undefined>;
  /**
   * Ends the turn without a result. What it has appended stays until the turn runs again, or is retracted now. Does
   * nothing after a commit.
   */
  abandon(options?: AbandonOptions): Promise<void>;
}

export interface AbandonOptions extends CallOptions {
  /** Retracts the messages that the turn has appended. */
  readonly retract?: boolean | undefined;
}

/**
 * One conversation or workflow run of a tenant. Nothing is stored before the first write, which creates it.
 *
 * The object remembers the first incarnation that a call returns, and names it in every later call. After the session
 * was deleted, has expired or was lost by its store, reads of its log and all writes through this object are
 * `history-lost`; use a new object to start again. Several objects, processes and machines may use one session at once.
 */
export interface Session extends AsyncDisposable, SessionObject {
  readonly id: string;
  readonly address: SessionAddress;
  /** `undefined` until a read or a write has returned it. */
  readonly incarnation: string | undefined;
  /** In a turn, the fencing token of its lease; `undefined` outside. */
  readonly fence: number | undefined;
  readonly working: WorkingMemory;
  /**
   * The memory of the person that the session belongs to, its `subject`, across sessions: `tenant.user(subject)`. Calls
   * are `not-found` when it belongs to nobody, and `denied` when this object was opened with another subject. As long as
   * the session has not ended.
   */
  readonly user: SessionUser;

  /**
   * The memory of this agent in this session. The tier `volatile`, the default here, belongs to the session: no other
   * session reads it, and it ends with this one. `durable` and `both` are the agent's memory across sessions; entries
   * record this session, and its fence does not cover them. They are for all sessions of the tenant: what concerns one person
   * belongs to `session.agent(name).for(session.user)`. `recall` looks in the session first, then across sessions.
   */
  agent(name: string): AgentMemory;

  /**
   * Appends messages or events, all or none, in call order. Messages without an id get one, and messages and events
   * without a time get the current one.
   *
   * @throws `conflict` with `details.conflict` = `operation` | `version` | `fence` | `sealed` | `removal`;
   *   `history-lost`; `invalid-input`; `too-large`.
   */
  append(input: AppendInput | readonly AppendInput[], options?: SessionAppendOptions): Promise<AppendResult>;
  /** The effective messages, all as of one version. The cost grows with what is returned. */
  messages(options?: MessagesOptions): Promise<readonly Message[]>;
  /** One page of events with their `seq`. */
  events(options?: ReadOptions): Promise<ReadResult>;
  /**
   * The messages to show to a model, chosen by the strategy of the call or of the memory. Without a strategy these are
   * all effective messages, read in pages of 1,000, so the cost grows with the conversation.
   */
  view(options?: ViewOptions): Promise<View>;

  /**
   * What a model had been shown when event `seq` was appended: the newest view recorded of what was there before it
   * (`view({ record: true })`), as it was recorded and not computed again. Messages that were retracted since are shown;
   * of erased and trimmed ones it says that they are gone. `undefined` when there is no such record. When several models
   * work in a session, name the agent.
   */
  explain(seq: number, options?: ExplainOptions): Promise<ExplainedView | undefined>;

  /**
   * Retracts the last messages and returns them, oldest first; fewer when there are fewer. Exact under concurrency, and
   * with an operation id under retries: no message is returned by two calls.
   *
   * @throws `conflict`, retryable, when other writers wrote first in each of 20 tries.
   */
  undo(count?: number, options?: RetractOptions): Promise<readonly Message[]>;
  /** `undo(1)`: the last message, `undefined` when there is none. */
  popMessage(options?: SessionWriteOptions): Promise<Message | undefined>;
  /** Retracts every message; the session, its version and its working memory stay. */
  clear(options?: RetractOptions): Promise<void>;
  /** Permanently removes the content of these events, and of the summaries made from them. */
  erase(options: EraseEventsOptions): Promise<EraseResult>;
  /** Retention: removes the longest prefix of events that are all older; returns how many were removed. */
  trim(
    options: CallOptions & ({ readonly beforeSeq: number } | { readonly olderThan: number }),
  ): Promise<number>;
  /** Deletes the session with its log and its documents. Returns false when there was none. */
  delete(options?: { readonly expectedVersion?: number } & CallOptions): Promise<boolean>;

  /** The state of the session; `undefined` before its first write and after its end. */
  head(options?: CallOptions): Promise<SessionHead | undefined>;
  /** Restarts the idle lifetime and changes the given fields. `undefined` when there is no session. */
  touch(options?: Omit<TouchOptions, "incarnation">): Promise<SessionHead | undefined>;
  /**
   * Appends an execution record to the audit trail. Its id is the given one, or the operation id, or a new one;
   * `replayed` says that an earlier call under the operation id has recorded it.
   */
  recordExecution(
    execution: ExecutionInput,
    options?: RecordExecutionOptions,
  ): Promise<{ readonly id: string; readonly replayed: boolean }>;
  /** A report of what happened in the session, counted over its newest events. */
  activity(options?: ActivityOptions): Promise<SessionActivity>;

  /** @throws `conflict` with `details.conflict` = `lease` while another holds it; `unsupported`. */
  lease(options?: LeaseOptions): Promise<Lease>;
  /**
   * Runs one turn of the session: no other turn of it runs meanwhile, in any process. Calls that come in between wait,
   * unless `whenBusy` says otherwise.
   *
   * With an `operationId` the result is recorded, in the same append as the events of `appendAtEnd`. The same request
   * under that id gets the recorded result, at once or after a crash, and the work does not run. Another request under
   * it is a `conflict`. What a turn that did not end has appended is retracted when it runs again, so no half answer
   * stays; notes in working memory, executions and events of your own types stay. A failure is not recorded. The result
   * is a copy as JSON has it; erasing something that the turn saw erases the recorded result too.
   *
   * All writes to the session inside the work, through the turn's session or another object of the same memory, carry
   * the fence of the lease, and events the id of the turn in `metadata["relevo:turn"]`: a turn that has lost its lease
   * changes nothing more. `erase`, `trim`, `touch` and `delete` cannot carry a fence and renew the lease just before.
   * The lease is renewed during the turn and released at its end. The signal fires when the lease is lost, with the
   * reason, or when the caller's signal fires. If this session was the current one, the turn's session is during the turn.
   *
   * A turn that is begun inside a turn of the same session, in the same asynchronous flow, is a part of it; two parts
   * wait for each other. With an id of its own, a part is recorded by itself and is not retracted with the whole.
   *
   * @throws `conflict` with `details.conflict` = `lease` while another turn runs, `operation` for another request under
   *   the id, `sealed`; `history-lost`; `unsupported` when the store has no leases: all before the work runs. What the
   *   work throws. `invalid-input` or `too-large` for a result that cannot be recorded; `conflict` with
   *   `details.conflict` = `removal` when something that the turn saw was removed meanwhile, or `fence`: then the turn
   *   has not ended, and can be run again under its id. `not-found` when the recorded result was erased or trimmed.
   */
  turn<Result>(
    work: (turn: TurnSession, signal: AbortSignal) => Promise<Result>,
    options?: TurnOptions,
  ): Promise<Result>;
  /**
   * Begins a turn that is ended by `commit` or `abandon`, for frameworks that call one function before a run and
   * another after it. Everything else is as in `turn`; code that runs in `open.run` is inside it.
   */
  beginTurn(options?: TurnOptions): Promise<OpenTurn>;
  /** Runs the function with this session as `currentSession()`. */
  run<Result>(work: () => Result): Result;
  /**
   * For packages that write to the log themselves, such as `@relevo/handoff-tracing`: performs one write on behalf of
   * this session, with its incarnation (or its initial subject and metadata), its fence and its lifetime.
   */
  withGuard<Result extends { readonly incarnation?: string } | undefined>(
    perform: (guard: SessionWriteGuard) => Promise<Result>,
  ): Promise<Result>;
}
