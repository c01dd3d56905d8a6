import type { BaseMessage } from "@langchain/core/messages";
import type { OpenTurn, Session, Tenant } from "@relevo/memory";
import type { ReceivedHandoff } from "./agent-handoffs.ts";
import type { AgentSettings } from "./agent-options.ts";
import {
  conversationOf,
  type KnownMessages,
  noteKnown,
  type RunStart,
  syncMessages,
} from "./sync-messages.ts";

/** How long a run is waited for that has met a failure: another middleware may try again, or go on without. */
const failureMs = 1000;

/** What a model is shown beside the view. */
export interface AddedTexts {
  /** The same until durable memory is written, so that a provider caches it with what stands before it. */
  readonly stable: string;
  /** Differs from run to run. */
  readonly changing: string;
}

/** One run of an agent in this process: the turn of its session, and what of the state is in the log. */
export class AgentTurn {
  readonly tenant: Tenant;
  readonly open: OpenTurn;
  readonly subject: string | undefined;
  /** The node of the parent graph that the agent is. */
  readonly agent: string;
  #run: unknown;
  /** The handoff by which this agent has the conversation. */
  received: ReceivedHandoff | undefined;
  /** What is added to the view, made once for each run. */
  added: Promise<AddedTexts> | undefined;
  readonly #known: KnownMessages = new Map();
  #isAligned = false;
  #start: RunStart;
  #sync: Promise<void> = Promise.resolve();
  #working = 0;
  #isOver = false;
  #isPassedOn = false;
  #timer: NodeJS.Timeout | undefined;
  readonly #idleMs: number;
  readonly #onError: (error: unknown) => void;
  #isInterrupted: () => Promise<boolean>;

  constructor(
    place: Pick<AgentTurn, "tenant" | "open" | "subject" | "agent" | "received"> & {
      readonly start: RunStart;
      readonly run: unknown;
      readonly isInterrupted: () => Promise<boolean>;
    },
    { idleMs, onError }: Pick<AgentSettings, "idleMs" | "onError">,
  ) {
    this.tenant = place.tenant;
    this.open = place.open;
    this.subject = place.subject;
    this.agent = place.agent;
    this.received = place.received;
    this.#start = place.start;
    this.#run = place.run;
    this.#isInterrupted = place.isInterrupted;
    this.#idleMs = idleMs;
    this.#onError = onError;
    this.#watch();
  }

  get session(): Session {
    return this.open.session;
  }

  get isOver(): boolean {
    return this.#isOver || this.open.signal.aborted;
  }

  /** Of LangGraph, by which its hooks are told from those of another run of the thread. */
  get run(): unknown {
    return this.#run;
  }

  get isWorking(): boolean {
    return this.#working > 0;
  }

  /** Another run goes on where this one was silent: what of its state is in the log is to be found out anew. */
  passTo(run: unknown, start: RunStart, isInterrupted: () => Promise<boolean>): void {
    this.#run = run;
    this.#isInterrupted = isInterrupted;
    this.#start = start;
    this.#isAligned = false;
  }

  /** Appends what is new in the state; calls at the same time follow each other. */
  async sync(messages: readonly BaseMessage[]): Promise<void> {
    const state = conversationOf(messages);
    const work = this.#sync.then(async () => {
      if (!this.#isAligned) await noteKnown(this.session, state, this.#known, this.#start);
      this.#start = "new";
      // After a failure it is unknown what the log has received.
      this.#isAligned = false;
      await syncMessages(this.session, state, this.#known);
      this.#isAligned = true;
    });
    this.#sync = work.catch(() => undefined);
    await this.during(() => work);
  }

  /** While the work lasts, the run is not silent. */
  async during<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#working++;
    let failed = true;
    try {
      const result = await work();
      failed = false;
      return result;
    } finally {
      this.#working--;
      // Most likely the run has ended: a model that failed, a tool that interrupts it.
      this.#watch(failed ? Math.min(this.#idleMs, failureMs) : this.#idleMs);
    }
  }

  async commit(outcome?: string): Promise<void> {
    this.#isPassedOn = false;
    await this.during(async () => {
      await this.received?.handle.complete(outcome);
      await this.open.commit();
    });
    this.#end();
  }

  /** Control goes to another agent. */
  passOn(): void {
    this.#isPassedOn = true;
  }

  /** Whether control is passed on and no tool works any more, so that the turn can end. */
  get isDone(): boolean {
    return this.#isPassedOn && this.#working === 0;
  }

  /** Lets the next run in. What was appended stays: the graph continues from it. */
  async release(): Promise<void> {
    if (this.#isOver) return;
    this.#end();
    await this.received?.handle.fail(new Error("The run ended without an answer."));
    await this.open.abandon();
  }

  #end(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  /**
   * A run that was interrupted, or failed elsewhere, says nothing any more. That a person is asked can be known before the time is
   * over, and the answer may come to another process: it should not wait.
   */
  #watch(idleMs: number = this.#idleMs): void {
    clearTimeout(this.#timer);
    if (this.#isOver) return;
    const soonMs = Math.min(idleMs, failureMs);
    this.#timer = setTimeout(async () => {
      if (this.#working > 0 || idleMs === soonMs) return this.#endSilence();
      // The checkpointer may not answer at all.
      const end = setTimeout(() => this.#endSilence(), idleMs - soonMs).unref();
      this.#timer = end;
      if ((await this.#isInterrupted()) && this.#timer === end) this.#endSilence();
    }, soonMs).unref();
  }

  #endSilence(): void {
    clearTimeout(this.#timer);
    if (this.#working > 0) this.#watch();
    else this.release().catch(this.#onError);
  }

  touch(): void {
    this.#watch();
  }
}
