import {
  type AppendResult,
  type CallOptions,
  type Lease,
  MemoryError,
  type Page,
  type PageOptions,
  type ReadOptions,
  type ReadResult,
  type SessionAddress,
  type SessionHead,
  type SessionTurn,
  type SessionWriteGuard,
  type TouchOptions,
  type View,
} from "@relevo/core";
import {
  admitCall,
  admitFields,
  admitId,
  admitInteger,
  admitOptionalId,
  admitOptions,
  rangesOf,
  throwIfAborted,
} from "@relevo/core/input";
import { admitFunction } from "../admit-function.ts";
import type { AgentMemory, WorkingMemory } from "../agents/agent-memory.ts";
import { archiveHandle } from "../archive/archive-calls.ts";
import type { MovedSession, MoveOptions } from "../archive/archive-session.ts";
import { eraseEvents } from "../erasure/erase-events.ts";
import { namespaces } from "../namespaces.ts";
import {
  activityFields,
  appendFields,
  atEndFields,
  deleteFields,
  eraseFields,
  explainFields,
  forkFields,
  leaseFields,
  messagesFields,
  pageFields,
  recordExecutionFields,
  replaceFields,
  retractFields,
  retractNamedFields,
  streamFields,
  touchFields,
  trimFields,
  turnFields,
  viewFields,
  writeFields,
} from "../options.ts";
import { createSessionUser } from "../people/create-user.ts";
import type { SessionUser } from "../people/user.ts";
import { currentSession, runInSession } from "../scope.ts";
import { acquireLease } from "../turns/lease.ts";
import { openTurn } from "../turns/open-turn.ts";
import { createOpenTurn } from "../turns/open-turn-handle.ts";
import type { TurnNode } from "../turns/turn-node.ts";
import { turnIsOver } from "../turns/turn-run.ts";
import { type ExplainedView, type ExplainOptions, explainView } from "../view/explain-view.ts";
import { viewSession } from "../view/view-session.ts";
import { admitAtEnd, admitInputs, asList, eventsOf, operationOf } from "./append-events.ts";
import { originOf } from "./fork-origin.ts";
import { forkSession, listForks } from "./fork-session.ts";
import { executionEvent } from "./record-execution.ts";
import { replaceMessages } from "./replace-messages.ts";
import { clearMessages, retractNamed, undoMessages } from "./retract.ts";
import type { OpenTurn, Session, TurnSession } from "./session.ts";
import { SessionAccess } from "./session-access.ts";
import { type ActivityOptions, ActivityReader, type SessionActivity } from "./session-activity.ts";
import { SessionAgent } from "./session-agent.ts";
import { SessionDocuments } from "./session-documents.ts";
import type { SessionHandle } from "./session-handle.ts";
import { admitNamed, messagesById, readMessages } from "./session-message.ts";
import type {
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
  SessionOptions,
  SessionWriteOptions,
  StreamOptions,
  TurnOptions,
  ViewOptions,
} from "./session-options.ts";
import { deleteSession, touchSession, trimEvents } from "./session-upkeep.ts";
import { admitStream, streamAnswer } from "./stream-answer.ts";

type DeleteOptions = Parameters<typeof deleteSession>[1];
type OnDispose = NonNullable<SessionOptions["onDispose"]>;

/** The session of a handle. In a turn, every write carries the fence of the lease, or renews the lease first. */
export function createSession(handle: SessionHandle, onDispose: OnDispose): Session {
  return new HandleSession(handle, onDispose);
}

class HandleSession implements Session {
  readonly working: WorkingMemory;
  readonly user: SessionUser;
  readonly #handle: SessionHandle;
  readonly #access: SessionAccess;
  readonly #onDispose: OnDispose;
  readonly #activity = new ActivityReader();
  #disposed = false;

  constructor(handle: SessionHandle, onDispose: OnDispose, node?: TurnNode) {
    this.#handle = handle;
    this.#access = new SessionAccess(handle, node);
    this.#onDispose = onDispose;
    this.working = new SessionDocuments(handle, namespaces.working, { fence: this.#access.writingFence });
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
    return this.#access.fence;
  }

  get currentTurn(): SessionTurn | undefined {
    return this.#access.currentTurn;
  }

  agent(name: string): AgentMemory {
    const agent = admitId(name, "agent", this.#handle.runtime.limits);
    return new SessionAgent(this.#handle, agent, this.#access.writingFence);
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
    return this.#access.append(eventsOf(runtime, inputs, agent), operation, options);
  }

  stream<Piece extends AnswerPiece>(
    pieces: AsyncIterable<Piece>,
    given: StreamOptions = {},
  ): AsyncGenerator<Piece, AppendResult | undefined, void> {
    const options = admitStream(this.#handle.runtime, pieces, admitOptions(given, streamFields));
    const fenced = this.#access.fenced(options);
    return streamAnswer(this.#handle, pieces, fenced, () => this.#access.writing);
  }

  async messages(given: MessagesOptions = {}): Promise<readonly SessionMessage[]> {
    const options = admitOptions(given, messagesFields);
    const messages = await readMessages(this.#handle, options);
    this.#access.reading?.noteSeen(rangesOf(messages.map(({ seq }) => seq)));
    return messages;
  }

  async events(options: ReadOptions = {}): Promise<ReadResult> {
    const result = await this.#handle.read(options);
    this.#access.reading?.noteEvents(result.events);
    return result;
  }

  async view(given: ViewOptions = {}): Promise<View> {
    const options = admitOptions(given, viewFields);
    const view = await viewSession(this.#handle, this.#access.fenced(options), this.#access.reading);
    const seqs = view.seqs.filter((seq) => seq !== undefined);
    this.#access.reading?.noteSeen([...rangesOf(seqs), ...view.summarized]);
    return view;
  }

  async explain(seq: number, given: ExplainOptions = {}): Promise<ExplainedView | undefined> {
    const options = admitOptions(given, explainFields);
    throwIfAborted(options.signal);
    admitOptionalId(options.agent, "agent", this.#handle.runtime.limits);
    return explainView(this.#handle, admitInteger(seq, "seq", 1), options, this.#access.reading);
  }

  async undo(count = 1, given: RetractOptions = {}): Promise<readonly SessionMessage[]> {
    const options = admitOptions(given, retractFields);
    return undoMessages(this.#handle, count, this.#access.fenced(options), this.#access.writing);
  }

  async popMessage(given: SessionWriteOptions = {}): Promise<SessionMessage | undefined> {
    const options = admitOptions(given, writeFields);
    return (await this.undo(1, options))[0];
  }

  async clear(given: RetractOptions = {}): Promise<void> {
    const options = admitOptions(given, retractFields);
    await clearMessages(this.#handle, this.#access.fenced(options), this.#access.writing);
  }

  async retract(given: RetractNamedOptions): Promise<readonly SessionMessage[]> {
    const { ids, seqs, ...options } = admitFields(given, "options", retractNamedFields);
    const named = admitNamed(this.#handle.runtime, { ids, seqs });
    return retractNamed(this.#handle, named, this.#access.fenced(options), this.#access.writing);
  }

  async replaceFrom(
    message: string | number,
    input: AppendInput | readonly AppendInput[],
    given: ReplaceOptions = {},
  ): Promise<AppendResult> {
    const options = admitOptions(given, replaceFields);
    const fenced = this.#access.fenced(options);
    return replaceMessages(this.#handle, message, input, fenced, this.#access.writing);
  }

  async erase(given: EraseEventsOptions): Promise<EraseEventsResult> {
    const { ids, seqs, ...options } = admitFields(given, "options", eraseFields);
    const named = admitNamed(this.#handle.runtime, { ids, seqs });
    await this.#access.writing?.lease.requireHeld(options);
    const ranges =
      "seqs" in named
        ? named.seqs
        : rangesOf((await messagesById(this.#handle, named.ids, options)).events.map(({ seq }) => seq));
    return eraseEvents(this.#handle, ranges, options);
  }

  async fork(given: ForkOptions = {}): Promise<Session> {
    const options = admitOptions(given, forkFields);
    await this.#access.writing?.lease.requireHeld(options);
    return createSession(await forkSession(this.#handle, options), "keep");
  }

  async origin(options?: CallOptions): Promise<ForkOrigin | undefined> {
    const head = await this.head(options);
    return head && originOf(head);
  }

  async forks(given: PageOptions = {}): Promise<Page<string>> {
    return listForks(this.#handle, admitOptions(given, pageFields));
  }

  async trim(given: Parameters<Session["trim"]>[0]): Promise<number> {
    const options = admitFields(given, "options", trimFields);
    await this.#access.writing?.lease.requireHeld(options);
    return trimEvents(this.#handle, options);
  }

  async delete(given: { readonly expectedVersion?: number } & CallOptions = {}): Promise<boolean> {
    const options = admitOptions(given, deleteFields);
    return deleteSession(this.#handle, this.#access.fenced<DeleteOptions>(options));
  }

  async archive(given?: MoveOptions): Promise<MovedSession> {
    return archiveHandle(this.#handle, given);
  }

  async head(options?: CallOptions): Promise<SessionHead | undefined> {
    return this.#handle.head(admitCall(options));
  }

  async touch(given: Omit<TouchOptions, "incarnation"> = {}): Promise<SessionHead | undefined> {
    const options = admitOptions(given, touchFields);
    await this.#access.writing?.lease.requireHeld(options);
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
    const { replayed } = await this.#access.append(eventsOf(runtime, [event], undefined), operation, options);
    return { id, replayed };
  }

  async activity(given: ActivityOptions = {}): Promise<SessionActivity> {
    const options = admitOptions(given, activityFields);
    return this.#activity.read(this.#handle, this.working, options);
  }

  async lease(given: LeaseOptions = {}): Promise<Lease> {
    const options = admitOptions(given, leaseFields);
    return acquireLease(this.#handle, options);
  }

  async turn<Result>(
    work: (turn: TurnSession, signal: AbortSignal) => Promise<Result>,
    given: TurnOptions = {},
  ): Promise<Result> {
    admitFunction(work, "work");
    const turn = await openTurn(this.#handle, admitOptions(given, turnFields), this.#access.node);
    if (turn.recorded !== undefined) return turn.recorded.result as Result;
    const session = new HandleTurnSession(this.#handle, turn.node);
    try {
      return await turn.finish(await this.#inside(turn.node, session, () => work(session, turn.signal)));
    } finally {
      await turn.close();
    }
  }

  async beginTurn(given: TurnOptions = {}): Promise<OpenTurn> {
    const turn = await openTurn(this.#handle, admitOptions(given, turnFields), this.#access.node);
    const session = new HandleTurnSession(this.#handle, turn.node);
    return createOpenTurn(turn, session, (work) => this.#inside(turn.node, session, work));
  }

  /** Nested code that uses `currentSession()` must write under the lease as well. */
  #inside<Result>(node: TurnNode, session: TurnSession, work: () => Result): Result {
    admitFunction(work, "work");
    return node.hold(() => (this.#isCurrent() ? runInSession(session, work) : work()));
  }

  run<Result>(work: () => Result): Result {
    admitFunction(work, "work");
    return runInSession(this, work);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#disposed) return;
    if (this.#onDispose === "delete") await this.delete();
    else if (this.#onDispose === "archive") await this.#archiveIfThere();
    else if (this.#onDispose === "clear-working") await this.#clearWorking();
    // Set last, so that a disposal that failed can be retried.
    this.#disposed = true;
  }

  async #archiveIfThere(): Promise<void> {
    try {
      await this.archive();
    } catch (error) {
      // It was never written, or has ended.
      if (!MemoryError.isInstance(error, "not-found") && !MemoryError.isInstance(error, "history-lost"))
        throw error;
    }
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

  withGuard<Result extends { readonly incarnation?: string } | undefined>(
    perform: (guard: SessionWriteGuard) => Promise<Result>,
  ): Promise<Result> {
    return this.#access.withGuard(perform);
  }
}

class HandleTurnSession extends HandleSession implements TurnSession {
  readonly turnId: string;
  readonly appendAtEnd: TurnSession["appendAtEnd"];

  constructor(handle: SessionHandle, node: TurnNode) {
    super(handle, "keep", node);
    this.turnId = node.run.id;
    this.appendAtEnd = (input, given = {}) => {
      if (node.isOver) throw turnIsOver();
      node.run.appendAtEnd(admitAtEnd(handle.runtime, input, admitOptions(given, atEndFields)));
    };
  }
}
