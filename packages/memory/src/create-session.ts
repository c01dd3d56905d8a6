import {
  type AppendOptions,
  type AppendResult,
  type CallOptions,
  type EraseResult,
  type ExecutionRecord,
  type Lease,
  MemoryError,
  type Message,
  type ReadOptions,
  type ReadResult,
  type SessionAddress,
  type SessionHead,
  type SessionWriteGuard,
  type TouchOptions,
  type View,
} from "@relevo/core";
import {
  admitCall,
  admitChoice,
  admitEvents,
  admitFields,
  admitId,
  admitInteger,
  admitOptionalId,
  admitOptions,
  admitRanges,
  admitViewForm,
  maxPageSize,
  readArray,
  readInput,
  refuse,
  requireObject,
  throwIfAborted,
} from "@relevo/core/input";
import type { AgentMemory, WorkingMemory } from "./agent-memory.ts";
import { admitInputs, asList, eventsOf, operationOf } from "./append-events.ts";
import { createSessionUser } from "./create-user.ts";
import { type ExplainedView, type ExplainOptions, explainView } from "./explain-view.ts";
import { namespaces } from "./namespaces.ts";
import {
  activityFields,
  appendFields,
  deleteFields,
  eraseFields,
  executionFields,
  explainFields,
  leaseFields,
  messagesFields,
  retractFields,
  touchFields,
  trimFields,
  viewFields,
  writeFields,
} from "./options.ts";
import { hasMessage, messagesOf, readEvents } from "./read-events.ts";
import { clearMessages, undoMessages } from "./retract.ts";
import { currentSession, runInSession } from "./scope.ts";
import type {
  AppendInput,
  EraseEventsOptions,
  ExecutionInput,
  LeaseOptions,
  MessagesOptions,
  RetractOptions,
  Session,
  SessionAppendOptions,
  SessionOptions,
  SessionWriteOptions,
  ViewOptions,
} from "./session.ts";
import { type ActivityOptions, readActivity, type SessionActivity } from "./session-activity.ts";
import { SessionAgent } from "./session-agent.ts";
import { SessionDocuments } from "./session-documents.ts";
import type { SessionHandle } from "./session-handle.ts";
import { acquireLease, type HeldLease, runUnderLease } from "./turn.ts";
import type { SessionUser } from "./user.ts";
import { admitRecord, observeSource, recordView, type SeenEvents } from "./view-record.ts";
import { createViewSource, wholeView } from "./view-source.ts";

type OnDispose = NonNullable<SessionOptions["onDispose"]>;

/** The session of a handle. In a turn, every write carries the fence of the lease, or renews the lease first. */
export function createSession(handle: SessionHandle, onDispose: OnDispose, turn?: HeldLease): Session {
  return new HandleSession(handle, onDispose, turn);
}

class HandleSession implements Session {
  readonly working: WorkingMemory;
  readonly user: SessionUser;
  readonly #handle: SessionHandle;
  readonly #onDispose: OnDispose;
  readonly #turn: HeldLease | undefined;
  #disposed = false;

  constructor(handle: SessionHandle, onDispose: OnDispose, turn: HeldLease | undefined) {
    this.#handle = handle;
    this.#onDispose = onDispose;
    this.#turn = turn;
    this.working = new SessionDocuments(handle, namespaces.working, { fence: turn?.fence });
    this.user = createSessionUser(handle);
  }

  get id(): string {
    return this.#handle.address.session;
  }

  get address(): SessionAddress {
    return this.#handle.address;
  }

  get incarnation(): string | undefined {
    return this.#handle.incarnation;
  }

  get fence(): number | undefined {
    return this.#turn?.fence;
  }

  agent(name: string): AgentMemory {
    return new SessionAgent(this.#handle, admitId(name, "agent", this.#handle.runtime.limits), this.fence);
  }

  async append(
    input: AppendInput | readonly AppendInput[],
    given: SessionAppendOptions = {},
  ): Promise<AppendResult> {
    const options = admitOptions(given, appendFields);
    const { runtime } = this.#handle;
    const agent = admitOptionalId(options.agent, "agent", runtime.limits);
    const { inputs, operation } = admitInputs(
      runtime,
      options.operationId,
      asList(input, runtime.limits),
      agent,
    );
    return this.#append(eventsOf(runtime, inputs, agent), operation, options);
  }

  async messages(given: MessagesOptions = {}): Promise<readonly Message[]> {
    const options = admitOptions(given, messagesFields);
    const direction = admitChoice(options.direction, "direction", ["forward", "backward"], "forward");
    if (options.limit !== undefined) admitInteger(options.limit, "limit", 1);
    const { events } = await readEvents(
      this.#handle,
      {
        types: ["message"],
        direction: "backward",
        limit: options.limit,
        ...(options.agent === undefined ? {} : { agent: options.agent }),
        signal: options.signal,
      },
      hasMessage,
    );
    const newestFirst = messagesOf(events);
    return direction === "backward" ? newestFirst : newestFirst.toReversed();
  }

  async events(options: ReadOptions = {}): Promise<ReadResult> {
    return this.#handle.read(options);
  }

  async view(given: ViewOptions = {}): Promise<View> {
    const options = admitOptions(given, viewFields);
    const strategy = options.strategy ?? this.#handle.runtime.view ?? wholeView;
    const form = admitViewForm(options);
    if (typeof strategy?.view !== "function") throw refuse("strategy", "must have a function view().");
    const { reads } = strategy;
    if (reads?.messages !== undefined)
      admitInteger(reads.messages, "strategy.reads.messages", 1, maxPageSize);
    const record = admitRecord(options.record, this.#handle.runtime.limits);
    const fence = this.#fenceOf(options);
    const created = await createViewSource(this.#handle, {
      reads,
      signal: options.signal,
      ...fence,
    });
    const call = { signal: options.signal };
    if (record === undefined) return strategy.view(created, { ...form, ...call });
    const seen: SeenEvents = new Map();
    const view = await strategy.view(observeSource(created, seen), { ...form, ...call });
    return recordView(this.#handle, view, { strategy: strategy.name, form, seen }, record, {
      ...fence,
      ...call,
    });
  }

  async explain(seq: number, given: ExplainOptions = {}): Promise<ExplainedView | undefined> {
    const options = admitOptions(given, explainFields);
    throwIfAborted(options.signal);
    admitOptionalId(options.agent, "agent", this.#handle.runtime.limits);
    return explainView(this.#handle, admitInteger(seq, "seq", 1), options);
  }

  async undo(count = 1, given: RetractOptions = {}): Promise<readonly Message[]> {
    const options = admitOptions(given, retractFields);
    return undoMessages(this.#handle, count, { ...options, ...this.#fenceOf(options) });
  }

  async popMessage(given: SessionWriteOptions = {}): Promise<Message | undefined> {
    const options = admitOptions(given, writeFields);
    return (await this.undo(1, options))[0];
  }

  async clear(given: RetractOptions = {}): Promise<void> {
    const options = admitOptions(given, retractFields);
    await clearMessages(this.#handle, { ...options, ...this.#fenceOf(options) });
  }

  async erase(given: EraseEventsOptions): Promise<EraseResult> {
    const options = admitFields(given, "options", eraseFields);
    const named = readArray(options.seqs, "seqs", "an array of seqs and of ranges { from, to }", maxPageSize);
    const seqRanges = admitRanges(
      named.map((seq) => (typeof seq === "number" ? { from: seq, to: seq } : seq)),
      "seqs",
    );
    await this.#turn?.requireHeld(options);
    if (this.incarnation === undefined) await this.head({ signal: options.signal });
    return this.#handle.remove(() =>
      this.#handle.store.log.erase(this.address, {
        seqs: seqRanges,
        ...this.#handle.guard(),
        signal: options.signal,
      }),
    );
  }

  async trim(given: Parameters<Session["trim"]>[0]): Promise<number> {
    const options = admitFields(given, "options", trimFields);
    await this.#turn?.requireHeld(options);
    if (this.incarnation === undefined && (await this.head({ signal: options.signal })) === undefined)
      return 0;
    let removed = 0;
    for (;;) {
      const result = await this.#handle.remove(() =>
        this.#handle.store.log.trim(this.address, { ...options, ...this.#handle.guard() }),
      );
      removed += result.removed;
      if (!result.more) return removed;
    }
  }

  async delete(given: { readonly expectedVersion?: number } & CallOptions = {}): Promise<boolean> {
    const options = admitOptions(given, deleteFields);
    await this.#turn?.requireHeld(options);
    // Read first, so that after the delete a write through this object is `history-lost` and does not create a new
    // session.
    if (this.incarnation === undefined && (await this.head({ signal: options.signal })) === undefined)
      return false;
    return this.#handle.remove(() =>
      this.#handle.store.log.delete(this.address, { ...options, ...this.#handle.guard() }),
    );
  }

  async head(options?: CallOptions): Promise<SessionHead | undefined> {
    return this.#handle.head(admitCall(options));
  }

  async touch(given: Omit<TouchOptions, "incarnation"> = {}): Promise<SessionHead | undefined> {
    const options = admitOptions(given, touchFields);
    await this.#turn?.requireHeld(options);
    const known = this.incarnation;
    const head = await this.#handle.store.log.touch(this.address, { ...options, ...this.#handle.guard() });
    this.#handle.learn(known, head?.incarnation);
    if (head !== undefined) this.#handle.runtime.cache?.follow(this.address, head);
    if (options.ttlMs !== undefined) this.#handle.ttlMs = options.ttlMs;
    if (options.subject !== undefined) await this.#handle.changeSubject(options.subject, head?.incarnation);
    return head;
  }

  async recordExecution(execution: ExecutionInput, given: SessionWriteOptions = {}): Promise<string> {
    const options = admitOptions(given, writeFields);
    const { runtime } = this.#handle;
    const {
      agent,
      executionId,
      error,
      status = "completed",
      ...rest
    } = admitFields(execution, "execution", executionFields);
    const failure = error === undefined ? undefined : failureOf(error);
    admitChoice(status, "status", ["running", "completed", "failed", "cancelled"], "completed");
    // A retry under the same operation id must produce the same execution id, and can know no other.
    const id = executionId ?? options.operationId ?? runtime.ids.next();
    // Undefined fields are absent in the log, as in JSON.
    const record = {
      executionId: id,
      status,
      ...rest,
      ...(failure === undefined ? {} : { error: failure }),
    } as ExecutionRecord;
    const event = { type: "execution", body: record, ...(agent === undefined ? {} : { agent }) } as const;
    const operation = operationOf(runtime, options.operationId, { execution: event });
    await this.#append(eventsOf(runtime, [event], undefined), operation, options);
    return id;
  }

  async activity(given: ActivityOptions = {}): Promise<SessionActivity> {
    const options = admitOptions(given, activityFields);
    return readActivity(this.#handle, this.working, options);
  }

  async lease(given: LeaseOptions = {}): Promise<Lease> {
    const options = admitOptions(given, leaseFields);
    return acquireLease(this.#handle, options);
  }

  async turn<Result>(
    work: (session: Session, signal: AbortSignal) => Promise<Result>,
    given: LeaseOptions = {},
  ): Promise<Result> {
    const options = admitOptions(given, leaseFields);
    return runUnderLease(this.#handle, options, (held, signal) => {
      const session = createSession(this.#handle, "keep", held);
      // Nested code that uses `currentSession()` must write under the lease as well.
      return this.#isCurrent() ? runInSession(session, () => work(session, signal)) : work(session, signal);
    });
  }

  run<Result>(work: () => Result): Result {
    return runInSession(this, work);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#disposed) return;
    if (this.#onDispose === "delete") await this.delete();
    else if (this.#onDispose === "clear-working") await this.#clearWorking();
    // Set last, so that a disposal that failed can be retried.
    this.#disposed = true;
  }

  /** True when the current session is this one, even through another object. */
  #isCurrent(): boolean {
    const current = currentSession();
    if (!(current instanceof HandleSession) || current.#handle.runtime !== this.#handle.runtime) return false;
    return current.address.tenant === this.address.tenant && current.id === this.id;
  }

  /** A session that has ended has lost its working memory already; that of a newer session must not be cleared. */
  async #clearWorking(): Promise<void> {
    try {
      await this.working.clear();
    } catch (error) {
      if (!MemoryError.isInstance(error, "history-lost")) throw error;
    }
  }

  async withGuard<Result extends { readonly incarnation?: string } | undefined>(
    perform: (guard: SessionWriteGuard) => Promise<Result>,
  ): Promise<Result> {
    const { ttlMs, runtime } = this.#handle;
    runtime.requireOpen();
    return this.#handle.write((guard) => perform({ ...guard, ...this.#fenceOf({}), ttlMs }));
  }

  async #append(
    events: Parameters<SessionHandle["store"]["log"]["append"]>[1],
    operation: Pick<AppendOptions, "operation">,
    options: SessionAppendOptions,
  ): Promise<AppendResult> {
    const ttlMs = options.ttlMs === undefined ? this.#handle.ttlMs : options.ttlMs;
    const { runtime, isOpening } = this.#handle;
    // The caller may change its messages while this write waits for the first one.
    const own = isOpening ? admitEvents(events, runtime.limits).map(({ event }) => event) : events;
    return this.#handle.append(own, {
      ...operation,
      signal: options.signal,
      ...this.#fenceOf(options),
      ...(options.expectedVersion === undefined ? {} : { expectedVersion: options.expectedVersion }),
      ...(options.removalRevision === undefined ? {} : { removalRevision: options.removalRevision }),
      ttlMs,
    });
  }

  #fenceOf(options: { readonly fence?: number }): { readonly fence?: number } {
    const fence = options.fence ?? this.fence;
    return fence === undefined ? {} : { fence };
  }
}

/** Name and message of an error, whose getters may throw. */
function failureOf(error: NonNullable<ExecutionInput["error"]>): NonNullable<ExecutionRecord["error"]> {
  requireObject(error, "execution.error");
  return readInput("execution.error", () => ({ name: String(error.name), message: String(error.message) }));
}
