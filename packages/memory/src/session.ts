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
import type { ActivityOptions, SessionActivity } from "./session-activity.ts";

export interface SessionOptions {
  /** The owner inside the tenant, such as a user id. Recorded when the session is created, ignored afterwards. */
  readonly subject?: string;
  /** Recorded when the session is created, ignored afterwards; `touch` changes it. */
  readonly metadata?: JsonObject | undefined;
  /** The session's idle lifetime, set by each append through this object; `null` for ever. */
  readonly ttlMs?: number | null | undefined;
  /** The incarnation that is meant, when it is known from before. */
  readonly incarnation?: string;
  /**
   * What the end of an `await using` block does, also when it ends by an exception: `keep` nothing, `clear-working`
   * forgets the working memory, `delete` ends the session. `keep` when left out.
   */
  readonly onDispose?: "keep" | "clear-working" | "delete" | undefined;
}

/** A message, or an event of any type. */
export type AppendInput = Message | EventInput;

/** What a write to a session may name beside its content. */
export interface SessionWriteOptions extends CallOptions {
  /** Makes a retry safe: the same request under the same id is done once, another one is `conflict`. */
  readonly operationId?: string;
  /** The token of the lease under which the caller runs. */
  readonly fence?: number;
}

export interface SessionAppendOptions extends SessionWriteOptions {
  /** The last `seq` that the caller saw. A stale one is `conflict` and changes nothing. */
  readonly expectedVersion?: number;
  /**
   * For events that are `derivedFrom` others: the `removalRevision` of the `view`, the `events` or the `head` that they
   * were made from. When one of those others was erased, retracted or trimmed since, the append is `conflict`.
   */
  readonly removalRevision?: number;
  /** Whose story the events belong to. Noted on assistant and tool messages too that name no agent. */
  readonly agent?: string;
  /** The session's idle lifetime from now on. */
  readonly ttlMs?: number | null | undefined;
}

export interface RetractOptions extends SessionWriteOptions {
  /** Kept with the retraction; what the method is called when left out. */
  readonly reason?: string | undefined;
}

export interface EraseEventsOptions extends CallOptions {
  readonly seqs: readonly (number | SeqRange)[];
}

export interface MessagesOptions extends CallOptions {
  /** Only the newest so many; all when left out. */
  readonly limit?: number | undefined;
  /** The order of the result: `forward`, the default, has the oldest first. */
  readonly direction?: "forward" | "backward" | undefined;
  /** Only the story of this agent. */
  readonly agent?: string;
}

export interface ViewOptions extends CallOptions, ViewForm {
  /** Takes the place of the memory's own strategy. */
  readonly strategy?: ViewStrategy | undefined;
  /** For what the strategy appends, such as a summary. */
  readonly fence?: number;
}

export interface ExecutionInput {
  readonly input?: JsonValue | undefined;
  readonly output?: JsonValue | undefined;
  /** `completed` when left out. */
  readonly status?: ExecutionStatus | undefined;
  readonly agent?: string;
  readonly durationMs?: number | undefined;
  /** An `Error`, or its name and message. The stack is not kept. */
  readonly error?: { readonly name: string; readonly message: string } | undefined;
  readonly metadata?: JsonObject | undefined;
  /** To record a later state of the same execution. */
  readonly executionId?: string;
}

export interface LeaseOptions extends CallOptions {
  /** How long the lease lasts without a renewal; 30,000 when left out. */
  readonly ttlMs?: number | undefined;
  /** How long to wait for the present holder; 0, the default, does not wait. */
  readonly waitMs?: number | undefined;
}

/**
 * One conversation or workflow run of a tenant. Nothing is stored before the first write, which creates it.
 *
 * The object remembers the incarnation that it met first and names it from then on. After the session was deleted,
 * has expired or was lost by its store, reads of its log and all writes through this object are `history-lost`; take
 * a new object to begin anew. Several objects, processes and machines may use one session at once.
 */
export interface Session extends AsyncDisposable, SessionObject {
  readonly id: string;
  readonly address: SessionAddress;
  /** Known after the first contact. */
  readonly incarnation: string | undefined;
  /** In a turn the token of its lease, for what writes to the session by itself; `undefined` outside. */
  readonly fence: number | undefined;
  readonly working: WorkingMemory;

  /**
   * What this agent remembers in this session. Its tier `volatile`, the default here, is the session's own: seen by
   * no other session, gone with this one. `durable` and `both` are the agent's memory across sessions, with this
   * session noted on the entry and outside of its fence. `recall` looks in the session first, then in the agent's
   * own memory.
   */
  agent(name: string): AgentMemory;

  /**
   * Adds messages or events at the end, all or none, in call order. Messages get an id when they have none, messages
   * and events the time.
   *
   * @throws `conflict` with `details.conflict` = `operation` | `version` | `fence` | `sealed` | `removal`;
   *   `history-lost`; `invalid-input`; `too-large`.
   */
  append(input: AppendInput | readonly AppendInput[], options?: SessionAppendOptions): Promise<AppendResult>;
  /** The effective messages, all as of one version. Cost follows what is returned. */
  messages(options?: MessagesOptions): Promise<readonly Message[]>;
  /** Events of the log with their `seq`, one page. */
  events(options?: ReadOptions): Promise<ReadResult>;
  /**
   * The messages that a model is shown, chosen by the call's strategy, or the memory's. Without one: every effective
   * message, read in pages of 1,000, so the cost grows with the conversation.
   */
  view(options?: ViewOptions): Promise<View>;

  /**
   * Takes the last messages out of what is effective and returns them, oldest first; fewer when there are fewer.
   * Exact under concurrency: no message is returned by two calls. With an operation id also under retry.
   *
   * @throws `conflict`, retryable, when others wrote first at every one of 20 tries.
   */
  undo(count?: number, options?: RetractOptions): Promise<readonly Message[]>;
  /** `undo(1)`: the last message, `undefined` when there is none. */
  popMessage(options?: SessionWriteOptions): Promise<Message | undefined>;
  /** Takes every message out of what is effective; the session, its version and its working memory stay. */
  clear(options?: RetractOptions): Promise<void>;
  /** Removes the content of these events for good, with that of the summaries made from them. */
  erase(options: EraseEventsOptions): Promise<EraseResult>;
  /** Retention: removes the longest prefix that is all older; returns how many events went. */
  trim(
    options: CallOptions & ({ readonly beforeSeq: number } | { readonly olderThan: number }),
  ): Promise<number>;
  /** Ends the session with its log and its documents. False when there was none. */
  delete(options?: { readonly expectedVersion?: number } & CallOptions): Promise<boolean>;

  /** What is known of the session; `undefined` before its first write and after its end. */
  head(options?: CallOptions): Promise<SessionHead | undefined>;
  /** Refreshes the idle lifetime and changes what is given. `undefined` when there is no session. */
  touch(options?: Omit<TouchOptions, "incarnation">): Promise<SessionHead | undefined>;
  /**
   * Adds a record to the audit trail and returns its id: the one that was given, or the operation id, or a new one.
   */
  recordExecution(execution: ExecutionInput, options?: SessionWriteOptions): Promise<string>;
  /** What happened in the session, counted over its newest events. */
  activity(options?: ActivityOptions): Promise<SessionActivity>;

  /** @throws `conflict` with `details.conflict` = `lease` while another holds it; `unsupported`. */
  lease(options?: LeaseOptions): Promise<Lease>;
  /**
   * Runs one turn under a lease, which is renewed meanwhile and released at the end. Writes through the session that
   * the function gets carry the lease's fence, so a turn that lost its lease can add or remember nothing more; `erase`,
   * `trim`, `touch` and `delete` cannot carry it and ask for the lease just before. Where this session was current,
   * that session is. The signal fires when the lease is lost, with the reason, or when the caller's does. One failed
   * renewal is no loss: there are two more tries before the lease runs out.
   *
   * @throws as `lease`, before the function runs; what the function throws.
   */
  turn<Result>(
    work: (session: Session, signal: AbortSignal) => Promise<Result>,
    options?: LeaseOptions,
  ): Promise<Result>;
  /** Runs the function with this session as `currentSession()`. */
  run<Result>(work: () => Result): Result;
  /**
   * For packages that write to the log by themselves, such as `@relevo/handoff-tracing`: performs one write in the name of
   * this session, with its incarnation, or what it is created with, and its fence and lifetime.
   */
  withGuard<Result extends { readonly incarnation?: string } | undefined>(
    perform: (guard: SessionWriteGuard) => Promise<Result>,
  ): Promise<Result>;
}
