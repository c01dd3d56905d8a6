import {
  type AppendOptions,
  type AppendResult,
  type CallOptions,
  type EraseResult,
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
  maxPageSize,
  rangesOf,
  readArray,
  throwIfAborted,
} from "@relevo/core/input";
import type { AgentMemory, WorkingMemory } from "./agent-memory.ts";
import { admitInputs, asList, eventsOf, operationOf } from "./append-events.ts";
import { createSessionUser } from "./create-user.ts";
import { type ExplainedView, type ExplainOptions, explainView } from "./explain-view.ts";
import { acquireLease } from "./lease.ts";
import { namespaces } from "./namespaces.ts";
import { openTurn } from "./open-turn.ts";
import { createOpenTurn } from "./open-turn-handle.ts";
import {
  activityFields,
  appendFields,
  atEndFields,
  deleteFields,
  eraseFields,
  explainFields,
  leaseFields,
  messagesFields,
  recordExecutionFields,
  retractFields,
  touchFields,
  trimFields,
  turnFields,
  viewFields,
  writeFields,
} from "./options.ts";
import { hasMessage, messagesOf, readEvents } from "./read-events.ts";
import { executionEvent } from "./record-execution.ts";
import { clearMessages, undoMessages } from "./retract.ts";
import { currentSession, runInSession } from "./scope.ts";
import type {
  AppendInput,
  EraseEventsOptions,
  ExecutionInput,
  LeaseOptions,
  MessagesOptions,
  OpenTurn,
  RecordExecutionOptions,
  RetractOptions,
  Session,
  SessionAppendOptions,
  SessionOptions,
  SessionWriteOptions,
  TurnOptions,
  TurnSession,
  ViewOptions,
} from "./session.ts";
import { type ActivityOptions, readActivity, type SessionActivity } from "./session-activity.ts";
import { SessionAgent } from "./session-agent.ts";
import { SessionDocuments } from "./session-documents.ts";
import type { SessionHandle } from "./session-handle.ts";
import { deleteSession, eraseEvents, touchSession, trimEvents } from "./session-upkeep.ts";
import { activeTurn, type TurnNode } from "./turn-node.ts";
import { type TurnRun, turnIsOver } from "./turn-run.ts";
import type { SessionUser } from "./user.ts";
import { viewSession } from "./view-session.ts";

type OnDispose = NonNullable<SessionOptions["onDispose"]>;

/** The session of a handle. In a turn, every write carries the fence of the lease, or renews the lease first. */
export function createSession(handle: SessionHandle, onDispose: OnDispose): Session {
  return new HandleSession(handle, onDispose);
}

class HandleSession implements Session {
  readonly working: WorkingMemory;
  readonly user: SessionUser;
  readonly #handle: SessionHandle;
  readonly #onDispose: OnDispose;
  readonly #node: TurnNode | undefined;
  #disposed = false;

  constructor(handle: SessionHandle, onDispose: OnDispose, node?: TurnNode) {
    this.#handle = handle;
    this.#onDispose = onDispose;
    this.#node = node;
    this.working = new SessionDocuments(handle, namespaces.working, { fence: this.#writingFence });
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
    return (this.#node ?? activeTurn(this.#handle))?.run.lease.fence;
  }

  agent(name: string): AgentMemory {
    const agent = admitId(name, "agent", this.#handle.runtime.limits);
    return new SessionAgent(this.#handle, agent, this.#writingFence);
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
    this.#reading()?.noteSeen(rangesOf(events.map(({ seq }) => seq)));
    const newestFirst = messagesOf(events);
    return direction === "backward" ? newestFirst : newestFirst.toReversed();
  }

  async events(options: ReadOptions = {}): Promise<ReadResult> {
    const result = await this.#handle.read(options);
    this.#reading()?.noteSeen(rangesOf(result.events.map(({ seq }) => seq)));
    return result;
  }

  async view(given: ViewOptions = {}): Promise<View> {
    const options = admitOptions(given, viewFields);
    const view = await viewSession(this.#handle, { ...options, ...this.#fenceOf(options) });
    const seqs = view.seqs.filter((seq) => seq !== undefined);
    this.#reading()?.noteSeen([...rangesOf(seqs), ...view.summarized]);
    return view;
  }

  async explain(seq: number, given: ExplainOptions = {}): Promise<ExplainedView | undefined> {
    const options = admitOptions(given, explainFields);
    throwIfAborted(options.signal);
    admitOptionalId(options.agent, "agent", this.#handle.runtime.limits);
    return explainView(this.#handle, admitInteger(seq, "seq", 1), options);
  }

  async undo(count = 1, given: RetractOptions = {}): Promise<readonly Message[]> {
    const options = admitOptions(given, retractFields);
    return undoMessages(this.#handle, count, { ...options, ...this.#fenceOf(options) }, this.#writing());
  }

  async popMessage(given: SessionWriteOptions = {}): Promise<Message | undefined> {
    const options = admitOptions(given, writeFields);
    return (await this.undo(1, options))[0];
  }

  async clear(given: RetractOptions = {}): Promise<void> {
    const options = admitOptions(given, retractFields);
    await clearMessages(this.#handle, { ...options, ...this.#fenceOf(options) }, this.#writing());
  }

  async erase(given: EraseEventsOptions): Promise<EraseResult> {
    const options = admitFields(given, "options", eraseFields);
    const named = readArray(options.seqs, "seqs", "an array of seqs and of ranges { from, to }", maxPageSize);
    const seqRanges = admitRanges(
      named.map((seq) => (typeof seq === "number" ? { from: seq, to: seq } : seq)),
      "seqs",
    );
    await this.#writing()?.lease.requireHeld(options);
    return eraseEvents(this.#handle, seqRanges, options);
  }

  async trim(given: Parameters<Session["trim"]>[0]): Promise<number> {
    const options = admitFields(given, "options", trimFields);
    await this.#writing()?.lease.requireHeld(options);
    return trimEvents(this.#handle, options);
  }

  async delete(given: { readonly expectedVersion?: number } & CallOptions = {}): Promise<boolean> {
    const options = admitOptions(given, deleteFields);
    await this.#writing()?.lease.requireHeld(options);
    return deleteSession(this.#handle, options);
  }

  async head(options?: CallOptions): Promise<SessionHead | undefined> {
    return this.#handle.head(admitCall(options));
  }

  async touch(given: Omit<TouchOptions, "incarnation"> = {}): Promise<SessionHead | undefined> {
    const options = admitOptions(given, touchFields);
    await this.#writing()?.lease.requireHeld(options);
    return touchSession(this.#handle, options);
  }

  async recordExecution(
    execution: ExecutionInput,
    given: RecordExecutionOptions = {},
  ): Promise<{ readonly id: string; readonly replayed: boolean }> {
    const options = admitOptions(given, recordExecutionFields);
    const { runtime } = this.#handle;
    const { id, event } = executionEvent(runtime, execution, options.operationId);
    const operation = operationOf(runtime, options.operationId, { execution: event });
    const { replayed } = await this.#append(eventsOf(runtime, [event], undefined), operation, options);
    return { id, replayed };
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
    work: (turn: TurnSession, signal: AbortSignal) => Promise<Result>,
    given: TurnOptions = {},
  ): Promise<Result> {
    const turn = await openTurn(this.#handle, admitOptions(given, turnFields));
    if (turn.recorded !== undefined) return turn.recorded.result as Result;
    const session = new HandleTurnSession(this.#handle, turn.node);
    try {
      return await turn.finish(await this.#inside(turn.node, session, () => work(session, turn.signal)));
    } finally {
      await turn.close();
    }
  }

  async beginTurn(given: TurnOptions = {}): Promise<OpenTurn> {
    const turn = await openTurn(this.#handle, admitOptions(given, turnFields));
    const session = new HandleTurnSession(this.#handle, turn.node);
    return createOpenTurn(turn, session, (work) => this.#inside(turn.node, session, work));
  }

  /** Nested code that uses `currentSession()` must write under the lease as well. */
  #inside<Result>(node: TurnNode, session: TurnSession, work: () => Result): Result {
    return node.hold(() => (this.#isCurrent() ? runInSession(session, work) : work()));
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
    this.#writing();
    return this.#handle.write((guard) => perform({ ...guard, ...this.#fenceOf({}), ttlMs }));
  }

  async #append(
    events: Parameters<SessionHandle["store"]["log"]["append"]>[1],
    operated: Pick<AppendOptions, "operation">,
    options: SessionAppendOptions,
  ): Promise<AppendResult> {
    const ttlMs = options.ttlMs === undefined ? this.#handle.ttlMs : options.ttlMs;
    const { runtime, isOpening } = this.#handle;
    const turn = this.#writing();
    const marked = turn === undefined ? events : turn.mark(events);
    // The caller may change its messages while this write waits for the first one.
    const own = isOpening ? admitEvents(marked, runtime.limits).map(({ event }) => event) : marked;
    const { operation } = operated;
    const result = await this.#handle.append(own, {
      ...(operation === undefined || turn === undefined
        ? operated
        : { operation: { ...operation, id: turn.operationId(operation.id, own) } }),
      signal: options.signal,
      ...this.#fenceOf(options),
      ...(options.expectedVersion === undefined ? {} : { expectedVersion: options.expectedVersion }),
      ...(options.removalRevision === undefined ? {} : { removalRevision: options.removalRevision }),
      ttlMs,
    });
    turn?.noteWritten(result, own.length);
    return result;
  }

  /** The turn that this object writes in. @throws `conflict` when it is over. */
  #writing(): TurnRun | undefined {
    if (this.#node === undefined) return activeTurn(this.#handle)?.run;
    if (this.#node.isOver) throw turnIsOver();
    return this.#node.run;
  }

  /** The turn that learns what this object reads. */
  #reading(): TurnRun | undefined {
    return (this.#node ?? activeTurn(this.#handle))?.run;
  }

  readonly #writingFence = (): number | undefined => this.#writing()?.lease.fence;

  #fenceOf(options: { readonly fence?: number }): { readonly fence?: number } {
    const fence = options.fence ?? this.fence;
    return fence === undefined ? {} : { fence };
  }
}

class HandleTurnSession extends HandleSession implements TurnSession {
  readonly turnId: string;
  readonly appendAtEnd: TurnSession["appendAtEnd"];

  constructor(handle: SessionHandle, node: TurnNode) {
    super(handle, "keep", node);
    const { runtime } = handle;
    this.turnId = node.run.id;
    this.appendAtEnd = (input, given = {}) => {
      const agent = admitOptionalId(admitOptions(given, atEndFields).agent, "agent", runtime.limits);
      if (node.isOver) throw turnIsOver();
      const events = eventsOf(runtime, asList(input, runtime.limits), agent);
      // A copy: the caller may change its messages before the end.
      node.run.appendAtEnd(admitEvents(events, runtime.limits).map(({ event }) => event));
    };
  }
}
