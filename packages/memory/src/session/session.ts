import type {
  AppendResult,
  CallOptions,
  JsonValue,
  Lease,
  Page,
  PageOptions,
  ReadOptions,
  ReadResult,
  SessionAddress,
  SessionHead,
  SessionObject,
  SessionTurn,
  SessionWriteGuard,
  TouchOptions,
  View,
} from "@relevo/core";
import type { AgentMemory, WorkingMemory } from "../agents/agent-memory.ts";
import type { MovedSession, MoveOptions } from "../archive/archive-session.ts";
import type { SessionUser } from "../people/user.ts";
import type { ExplainedView, ExplainOptions } from "../view/explain-view.ts";
import type { ActivityOptions, SessionActivity } from "./session-activity.ts";
import type {
  AbandonOptions,
  AnswerPiece,
  AppendInput,
  EraseEventsOptions,
  EraseEventsResult,
  ExecutionInput,
  ForkOptions,
  ForkOrigin,
  LeaseOptions,
  MessagesOptions,
  RecordExecutionOptions,
  ReplaceOptions,
  RetractNamedOptions,
  RetractOptions,
  SessionAppendOptions,
  SessionMessage,
  SessionWriteOptions,
  StreamOptions,
  TurnOptions,
  ViewOptions,
} from "./session-options.ts";

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
  /** The turn that writes through this object are part of, for packages that write to the log themselves. */
  readonly currentTurn: SessionTurn | undefined;
  readonly working: WorkingMemory;
  /**
   * The memory of the person that the session belongs to, its `subject`, across sessions: `tenant.user(subject)`. Calls
   * are `not-found` when it belongs to nobody, and `denied` when this object was opened with another subject. As long as
   * the session has not ended.
   */
  readonly user: SessionUser;

  /**
   * The memory of this agent in this session. The tier `volatile`, the default here, belongs to the session: no other
   * session reads it, and it ends with this one. `durable` and `both` are the agent's memory across sessions, and its fence
   * does not cover them. They name this session, its person, and what they take the place of came from: an erasure of any of
   * these erases them. They are for all sessions of the tenant: what concerns one person
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
  /**
   * Passes an answer on that arrives in pieces, such as a model's stream to an HTTP response, and appends it as one message
   * when it is whole. When the source fails, the signal fires or the consumer stops, what has arrived is appended, marked
   * as partial (see `SessionMessage.partial`), and the failure is thrown. Nothing is appended before, so what a process
   * had received when it died is gone. Of an answer without any piece nothing is kept.
   *
   * With an operation id the first whole answer stands, whatever words a retry brings, and takes the place of a partial one
   * that an earlier try has left; of several partial ones the first is kept.
   *
   * @returns the pieces; at their end the result of the append, `undefined` when nothing was appended yet.
   * @throws what the source throws; `aborted`; `invalid-input` for a piece that is no part of an answer; as `append`.
   */
  stream<Piece extends AnswerPiece>(
    pieces: AsyncIterable<Piece>,
    options?: StreamOptions,
  ): AsyncGenerator<Piece, AppendResult | undefined, void>;
  /** The effective messages, all as of one version. The cost grows with what is returned. */
  messages(options?: MessagesOptions): Promise<readonly SessionMessage[]>;
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
  undo(count?: number, options?: RetractOptions): Promise<readonly SessionMessage[]>;
  /** `undo(1)`: the last message, `undefined` when there is none. */
  popMessage(options?: SessionWriteOptions): Promise<SessionMessage | undefined>;
  /** Retracts every message; the session, its version and its working memory stay. */
  clear(options?: RetractOptions): Promise<void>;
  /**
   * Retracts the named messages and returns those that were effective until now, oldest first. Otherwise as `undo`.
   *
   * @throws `not-found` for an id that no message of this session has: then nothing is retracted; `invalid-input` for a
   *   selection of nothing.
   */
  retract(options: RetractNamedOptions): Promise<readonly SessionMessage[]>;
  /**
   * Rewrites the end of the story, as to edit a question and answer it again: retracts everything from this message on, by
   * its id (the newest with it) or its `seq`, and appends the input, in one step. The result is that of the append: its
   * `firstSeq` is the retraction, and the input follows it.
   *
   * @throws `not-found` when the session has no such message, or it is retracted already; `conflict`, retryable, when other
   *   writers wrote first in each of 20 tries; as `append`.
   */
  replaceFrom(
    message: string | number,
    input: AppendInput | readonly AppendInput[],
    options?: ReplaceOptions,
  ): Promise<AppendResult>;
  /**
   * Permanently removes the content of the named events, and of what was made from them, here and in the sessions that were
   * forked from this one. Erasing seqs again is not an error, and completes an erasure that a crash has cut off.
   *
   * @throws `not-found` for an id that no message with content has: then nothing is erased; `invalid-input` for a selection
   *   of nothing.
   */
  erase(options: EraseEventsOptions): Promise<EraseEventsResult>;
  /**
   * A new session with this one's story up to and including `at`: the same events with the same `seq` and times, this
   * session's subject, and none of its documents, operations and recorded results. What is retracted here now is retracted
   * there. The new session knows its origin, and this one its forks: an erasure here reaches them.
   *
   * @throws `invalid-input` when `at` is inside a tool call, with the seq that it can be forked at in `details.before`, or
   *   is not in the log; `not-found` when there is no session or no such message; `conflict` when another session has the
   *   id, or when something was removed during each of 5 tries; `unsupported` when the store cannot copy sessions.
   */
  fork(options?: ForkOptions): Promise<Session>;
  /** Where this session was forked from; `undefined` when it was not. */
  origin(options?: CallOptions): Promise<ForkOrigin | undefined>;
  /** The ids of the sessions that were forked from this one, one page in the order of their ids. */
  forks(options?: PageOptions): Promise<Page<string>>;
  /** Retention: removes the longest prefix of events that are all older; returns how many were removed. */
  trim(
    options: CallOptions & ({ readonly beforeSeq: number } | { readonly olderThan: number }),
  ): Promise<number>;
  /** Moves the session into the archive, as `tenant.archive`; this object can then neither write nor read its log. */
  archive(options?: MoveOptions): Promise<MovedSession>;
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
  /** A report of what happened in the session, counted over its newest events, and on the same object over what is new since. */
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
   * stays; notes in working memory, summaries that a view has made, and events that are no part of the conversation stay:
   * executions, handoffs and those of your own types. A failure is not recorded. The result is a copy as JSON has it;
   * erasing something that the turn saw erases the recorded result too.
   *
   * All writes to the session inside the work, through the turn's session or another object of the same memory, carry
   * the fence of the lease, and events the id of the turn in `metadata["relevo:turn"]`, those of
   * `@relevo/handoff-tracing` too: a turn that has lost its lease changes nothing more. `erase`, `trim` and
   * `touch` cannot carry a fence and renew the lease just before.
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
   * this session, with its incarnation (or its initial subject and metadata), its fence and its lifetime. In a turn the
   * events of an append have `currentTurn.metadata` in theirs.
   */
  withGuard<Result extends { readonly incarnation?: string } | undefined>(
    perform: (guard: SessionWriteGuard) => Promise<Result>,
  ): Promise<Result>;
}
