import { AsyncLocalStorageProviderSingleton } from "@langchain/core/singletons";
import { defaultLimits, isConflict, MemoryError, printable } from "@relevo/core";
import { admitId, refuse } from "@relevo/core/input";
import type { Session } from "@relevo/memory";
import { LRUCache } from "lru-cache";
import type { ReceivedHandoff } from "./agent-handoffs.ts";
import { type AgentSession, type AgentSettings, admitAgentSession } from "./agent-options.ts";
import { AgentTurn } from "./agent-turn.ts";
import { isMemoryDown } from "./degraded-run.ts";
import type { RunStart } from "./sync-messages.ts";

const restMs = 30_000;

// One for the process: it says which sessions a run that goes back to an older checkpoint has set back. It does so once in each,
// also when it begins another turn, and another agent of its graph, with middleware of its own, stands behind what it says now.
const setBack: WeakMap<object, Set<string>> = new WeakMap();

type Fields = Readonly<Record<string, unknown>>;

/** What the hooks are given to know their run by. */
export interface HookRuntime {
  readonly context?: unknown;
  readonly configurable?: Fields | undefined;
  readonly signal?: AbortSignal | undefined;
  /** One function for each run. */
  readonly writer?: unknown;
}

/** The runs of one middleware in this process, by the session and the place in the graph. */
export class Runs {
  readonly #settings: AgentSettings;
  readonly #turns: Map<string, AgentTurn> = new Map();
  readonly #beginnings: Map<string, { readonly run: unknown; readonly turn: Promise<AgentTurn> }> = new Map();
  /** Runs whose memory was down, and that leave it alone until they are dropped from here. */
  readonly #rests: LRUCache<string, true> = new LRUCache({
    maxSize: 10_000,
    sizeCalculation: () => 1,
    ttl: restMs,
    ttlResolution: 0,
  });

  constructor(settings: AgentSettings) {
    this.#settings = settings;
  }

  /**
   * A step of a run with the memory; `undefined` after a failure under `degrade`. After an outage the steps of the run rest for half
   * a minute, or each would wait for the store again; its last one does not, so that what was said is stored when the store is back.
   */
  async step<Result>(
    runtime: HookRuntime,
    work: () => Promise<Result>,
    isLast = false,
  ): Promise<Result | undefined> {
    let run: string | undefined;
    return await this.attempt(
      async () => {
        ({ key: run } = await this.#placeOf(runtime));
        if (!isLast && this.#rests.has(run)) return undefined;
        this.#rests.delete(run);
        return await work();
      },
      (error) => {
        if (run !== undefined && isMemoryDown(error)) this.#rests.set(run, true);
      },
    );
  }

  /** The work, or `undefined` after a failure under `degrade`, which is told. What a person is denied stays denied. */
  async attempt<Result>(
    work: () => Promise<Result | undefined>,
    onFailure?: (error: MemoryError) => void,
  ): Promise<Result | undefined> {
    try {
      return await work();
    } catch (error) {
      if (!this.#settings.degrades || !MemoryError.isInstance(error) || error.code === "denied") throw error;
      onFailure?.(error);
      this.#settings.onError(error);
      return undefined;
    }
  }

  /** The turn of the run that begins now. */
  async begin(runtime: HookRuntime, isResumed: boolean = false): Promise<AgentTurn> {
    const { tenant, session, options, key, agent } = await this.#placeOf(runtime);
    const owner = this.#settings.memory.tenant(tenant);
    await this.#endLeft(tenant, session);
    const { waitMs } = this.#settings;
    const { signal } = runtime;
    const open = await owner
      .session(session, options)
      .beginTurn({ waitMs, ...(signal === undefined ? {} : { signal }) })
      .catch((error: unknown) => {
        throw isConflict(error, "lease") ? busy(session, waitMs, error) : error;
      });
    let received: ReceivedHandoff | undefined;
    let start: RunStart;
    try {
      if (options.subject !== undefined) await requireOwner(open.session, options.subject, runtime.signal);
      start = await this.#startOf(runtime, isResumed, JSON.stringify([tenant, session]));
      received = await this.#settings.handoffs?.take(open.session, agent);
    } catch (error) {
      await open.abandon();
      throw error;
    }
    const turn = new AgentTurn(
      {
        tenant: owner,
        open,
        subject: options.subject,
        agent,
        received,
        start,
        run: runtime.writer,
      },
      this.#settings,
    );
    turn.touch(endSignalOf(runtime));
    this.#turns.set(key, turn);
    this.#forgetEnded();
    return turn;
  }

  /** The turn of a run under way. A turn that was released meanwhile, or in another process, is started again. */
  async resume(runtime: HookRuntime): Promise<AgentTurn> {
    const { key } = await this.#placeOf(runtime);
    const run = runtime.writer;
    const turn = this.#turns.get(key);
    if (turn?.run === run && turn?.isOver === false) {
      turn.touch(endSignalOf(runtime));
      return turn;
    }
    // Tools that one answer calls come together: a second turn would wait for the first one to end.
    const beginning = this.#beginnings.get(key);
    if (beginning !== undefined && beginning.run === run) return await beginning.turn;
    const own = { run, turn: this.begin(runtime, true) };
    this.#beginnings.set(key, own);
    try {
      return await own.turn;
    } finally {
      if (this.#beginnings.get(key) === own) this.#beginnings.delete(key);
    }
  }

  async #startOf({ configurable = {} }: HookRuntime, isResumed: boolean, place: string): Promise<RunStart> {
    const {
      __pregel_checkpointer: checkpointer,
      __pregel_replay_state: replay,
      checkpoint_ns,
    } = configurable;
    const isOutermost = graphOf(checkpoint_ns).length === 0;
    // LangGraph gives an object of their own to runs that are begun at an older checkpoint.
    if (typeof replay === "object" && replay !== null && goesBackFirst(replay, place)) {
      if (isOutermost) return "gone back";
      return { goneBackTo: await leftAt(configurable) };
    }
    if (isResumed) return "resumed";
    // Checkpoints are written behind a run: a crash may leave the graph at its first step, further back than the log. An
    // agent in a parent graph may as well begin beside another one that has answered.
    return checkpointer !== undefined && isOutermost ? "set back or new" : "new";
  }

  async #placeOf({ configurable = {}, context }: HookRuntime): Promise<{
    readonly tenant: string;
    readonly session: string;
    readonly options: Omit<AgentSession, "tenant" | "session">;
    readonly key: string;
    /** The node of the parent graph that the agent is. */
    readonly agent: string;
  }> {
    const { thread_id: thread, checkpoint_ns: namespace } = configurable;
    const threadId = typeof thread === "string" ? thread : undefined;
    const facts = {
      threadId,
      configurable,
      context: asFields(runConfig()?.context) ?? asFields(context) ?? {},
    };
    const given = admitAgentSession((await this.#settings.session?.(facts)) ?? {});
    const { tenant = this.#settings.tenant, session = threadId, ...options } = given;
    if (tenant === undefined)
      throw refuse("session().tenant", "is missing: name the tenant there or in the options.");
    if (thread !== undefined && session === undefined)
      throw refuse("configurable.thread_id", `must be a text, not ${typeof thread}.`);
    if (session === undefined)
      throw refuse(
        "configurable.thread_id",
        'is missing. It names the conversation: agent.invoke(input, { configurable: { thread_id: "…" } }).',
      );
    if (given.session === undefined) admitId(session, "configurable.thread_id", defaultLimits);
    const graph = graphOf(namespace);
    const agent = graph.at(-1)?.split(":")[0] ?? "";
    return { tenant, session, options, agent, key: JSON.stringify([tenant, session, ...graph]) };
  }

  /** Turns of the session that nothing comes for any more: the next run need not wait until they are found out. */
  async #endLeft(tenant: string, session: string): Promise<void> {
    for (const turn of this.#turns.values())
      if (turn.isLeft && turn.tenant.id === tenant && turn.session.id === session) await turn.release();
  }

  #forgetEnded(): void {
    for (const [key, turn] of this.#turns) if (turn.isOver) this.#turns.delete(key);
  }
}

/** What ends the whole run: the signal of a hook ends its step. */
function endSignalOf({ configurable }: HookRuntime): unknown {
  const signals: { readonly externalAbortSignal?: unknown } | undefined = asFields(
    configurable?.__pregel_abort_signals,
  );
  return signals?.externalAbortSignal;
}

function goesBackFirst(replay: object, place: string): boolean {
  const places = setBack.get(replay) ?? new Set();
  setBack.set(replay, places);
  return places.size < places.add(place).size;
}

interface Checkpointer {
  getTuple(config: object): Promise<
    | {
        readonly checkpoint: { readonly ts: string };
        readonly metadata?: { readonly source?: string };
        readonly parentConfig?: { readonly configurable?: Fields };
      }
    | undefined
  >;
}

/**
 * When the graph had done what the older checkpoint knows that its caller has named: one that holds an input, or what somebody
 * changed, may have been written long after the work before it.
 */
async function leftAt({ thread_id, __pregel_checkpointer }: Fields): Promise<number> {
  const checkpointer = __pregel_checkpointer as Checkpointer;
  let id: unknown = runConfig()?.metadata?.checkpoint_id;
  while (id !== undefined) {
    const found = await checkpointer.getTuple({
      configurable: { thread_id, checkpoint_ns: "", checkpoint_id: id },
    });
    if (found?.metadata?.source === "loop") return Date.parse(found.checkpoint.ts);
    id = found?.parentConfig?.configurable?.checkpoint_id;
  }
  return Number.NEGATIVE_INFINITY;
}

/** @returns What the store says, in the terms of runs. */
function busy(session: string, waitMs: number, { details, cause }: MemoryError): MemoryError {
  return new MemoryError(
    "conflict",
    `Another run of the session ${printable(session)} was not over after ${waitMs} ms. Try again later, or wait longer: relevoMemory({ waitMs }).`,
    { retryable: true, details, cause },
  );
}

/** The nodes around an agent in a parent graph; the last part of a namespace names the node that runs. */
function graphOf(namespace: unknown): readonly string[] {
  return typeof namespace === "string" ? namespace.split("|").slice(0, -1) : [];
}

/** Hooks are given only what of the context is in a schema of their middleware; the run has it whole. */
function runConfig(): { readonly context?: unknown; readonly metadata?: Fields } | undefined {
  return AsyncLocalStorageProviderSingleton.getRunnableConfig();
}

function asFields(context: unknown): Fields | undefined {
  return typeof context === "object" && context !== null ? (context as Fields) : undefined;
}

/**
 * A thread of one person is not shown to another one. A checkpointer may have created the session before its first message,
 * without an owner: then it gets this one.
 *
 * @throws `denied`.
 */
async function requireOwner(
  session: Session,
  subject: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const head = await session.head({ signal });
  if (head === undefined || head.subject === subject) return;
  if (head.subject === undefined && head.version === 0) {
    await session.touch({ subject, signal });
    return;
  }
  const problem =
    head.subject === undefined
      ? "belongs to nobody. If it is this person's, say so once: session.touch({ subject })."
      : "belongs to another person. Give this run a thread_id of its own, or see that session() names the person who owns it.";
  throw new MemoryError("denied", `The session ${printable(session.id)} ${problem}`);
}
