import { AsyncLocalStorage } from "node:async_hooks";
import type { BaseMessage } from "@langchain/core/messages";
import type { OpenTurn, Session, Tenant } from "@relevo/memory";
import type { ReceivedHandoff } from "./agent-handoffs.ts";
import type { AgentSettings } from "./agent-options.ts";
import { RunEnd } from "./run-end.ts";
import {
  conversationOf,
  type KnownMessages,
  noteKnown,
  type RunStart,
  syncMessages,
} from "./sync-messages.ts";

/** How long a run is waited for that has met a failure: another middleware may try again, or go on without. */
const failureMs = 1000;
/** When a silent run is first looked at, and then more and more seldom: most are silent for less. */
const firstLookMs = 20;
const mostSeldomMs = 1000;

// One for the process: it says which turns a model or a tool of a turn has begun, of any middleware, and holds no data.
const begunInside: AsyncLocalStorage<Set<AgentTurn>> = new AsyncLocalStorage<Set<AgentTurn>>();

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
  /** By which its hooks are told from those of another run of the thread. */
  readonly run: unknown;
  readonly #end: RunEnd = new RunEnd();
  /** The handoff by which this agent has the conversation. */
  received: ReceivedHandoff | undefined;
  /** What is added to the view, made once for each run. */
  added: Promise<AddedTexts> | undefined;
  readonly #known: KnownMessages = new Map();
  #isAligned = false;
  #start: RunStart;
  #sync: Promise<void> = Promise.resolve();
  #working = 0;
  /** A tool waits for a person: its run ends now, which cannot be seen in the first step of a run that was resumed. */
  #isAsking = false;
  #isOver = false;
  #isPassedOn = false;
  #released: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  readonly #idleMs: number;
  readonly #onError: (error: unknown) => void;

  constructor(
    place: Pick<AgentTurn, "tenant" | "open" | "subject" | "agent" | "received" | "run"> & {
      readonly start: RunStart;
    },
    { idleMs, onError }: Pick<AgentSettings, "idleMs" | "onError">,
  ) {
    this.tenant = place.tenant;
    this.open = place.open;
    this.subject = place.subject;
    this.agent = place.agent;
    this.received = place.received;
    this.#start = place.start;
    this.run = place.run;
    this.#idleMs = idleMs;
    this.#onError = onError;
    begunInside.getStore()?.add(this);
  }

  get session(): Session {
    return this.open.session;
  }

  get isOver(): boolean {
    return this.#isOver || this.open.signal.aborted;
  }

  /** A hook of the run, with LangGraph's signal that ends it. */
  touch(signal: unknown): void {
    this.#end.watch(signal);
    this.#watch();
  }

  /** Whether LangGraph has ended the run, so that none of its hooks comes any more. */
  get isLeft(): boolean {
    return this.#working === 0 && (this.#isAsking || this.#end.isReached);
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
    clearTimeout(this.#timer);
    let failed = true;
    try {
      const result = await work();
      failed = false;
      return result;
    } catch (error) {
      this.#isAsking ||= isBubbleUp(error);
      throw error;
    } finally {
      this.#working--;
      // Most likely the run has ended: a model that failed, a tool that interrupts it.
      this.#watch(failed ? Math.min(this.#idleMs, failureMs) : this.#idleMs);
    }
  }

  /** What a model or a tool begins in the same session is a part of the turn, such as the run of another agent. */
  async around<Result>(work: () => Promise<Result>): Promise<Result> {
    const inside = new Set<AgentTurn>();
    const inTurn = () => this.session.run(() => this.open.run(work));
    return await this.during(async () => {
      try {
        return await begunInside.run(inside, inTurn);
      } finally {
        // Its graph may have ended them without a word, as at its recursion limit.
        for (const turn of inside) if (!turn.#working) await turn.release();
      }
    });
  }

  async commit(outcome?: string): Promise<void> {
    this.#isPassedOn = false;
    await this.during(async () => {
      await this.received?.handle.complete(outcome);
      await this.open.commit();
    });
    this.#finish();
  }

  /** Control goes to another agent. */
  passOn(): void {
    this.#isPassedOn = true;
  }

  /** Whether control is passed on and no tool works any more, so that the turn can end. */
  get isDone(): boolean {
    return this.#isPassedOn && this.#working === 0;
  }

  /** Lets the next run in. What was appended stays: the graph continues from it. A failure is told to `onError`. */
  async release(): Promise<void> {
    if (!this.#isOver) this.#released = this.#giveBack().catch(this.#onError);
    await this.#released;
  }

  async #giveBack(): Promise<void> {
    this.#finish();
    try {
      await this.received?.handle.fail(new Error("The run ended without an answer."));
    } finally {
      await this.open.abandon();
    }
  }

  #finish(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  /** A run that failed elsewhere, or waits for a person, says nothing any more. */
  #watch(idleMs: number = this.#idleMs): void {
    clearTimeout(this.#timer);
    if (!this.#isOver && this.#working === 0) this.#look(firstLookMs, idleMs);
  }

  #look(afterMs: number, idleMs: number): void {
    const waitMs = Math.min(afterMs, idleMs);
    this.#timer = setTimeout(() => {
      if (waitMs === idleMs || this.isLeft) void this.release();
      else this.#look(Math.min(2 * afterMs, mostSeldomMs), idleMs - waitMs);
    }, waitMs);
    // A process whose last run has failed gives the session back before it ends.
    if (afterMs > firstLookMs) this.#timer.unref();
  }
}

/** Whether this is an interrupt, or a command to a parent graph, which is no failure. */
export function isBubbleUp(error: unknown): boolean {
  return (error as { readonly is_bubble_up?: unknown } | undefined)?.is_bubble_up === true;
}
