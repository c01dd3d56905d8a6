import type { ToolMessage } from "@langchain/core/messages";
import { AsyncLocalStorageProviderSingleton } from "@langchain/core/singletons";
import { type JsonValue, MemoryError, printable } from "@relevo/core";
import { errorLine, refuse, storableText } from "@relevo/core/input";
import type { Session } from "@relevo/memory";
import type { AgentMiddleware } from "langchain";
import { loadPeer } from "../load-peer.ts";
import { asParentCommand, parentMessages, type ReceivedHandoff } from "./agent-handoffs.ts";
import {
  type AgentSession,
  type AgentSettings,
  admitAgentOptions,
  type RelevoMemoryOptions,
} from "./agent-options.ts";
import { AgentTurn } from "./agent-turn.ts";
import { modelMessages, withSystem } from "./model-messages.ts";
import { storableValue } from "./storable.ts";

const { createMiddleware } = await loadPeer("langchain", () => import("langchain"));

type Fields = Readonly<Record<string, unknown>>;

/** What the hooks are given to know their run by. */
interface HookRuntime {
  readonly context?: unknown;
  readonly configurable?: Fields | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Gives an agent of LangChain the memory of its session, as one middleware: put it last in the list.
 *
 * - Before the agent: the turn of the session begins, after other runs of it have ended, in any process; what the state has and
 *   the log has not is appended, once.
 * - Around each call of the model: it is shown the session's view, and what was recalled or is remembered; the state of the
 *   graph is not changed. What tools answered is appended before.
 * - Around each tool: its execution is recorded.
 * - After each answer it is appended, so that a crash loses none. After the agent the turn ends.
 *
 * A run that is interrupted lets others in after `idleMs`, and continues in any process. A sub-agent that runs inside a tool is a part
 * of the same turn.
 *
 * @throws `invalid-input` that names the option. Runs throw what the memory throws, unless `onMemoryFailure` is `degrade`:
 *   `conflict` when another run of the session takes longer than `waitMs`, `unsupported` for a store without leases.
 *
 * @example
 * ```ts
 * const agent = createAgent({ model, tools, middleware: [relevoMemory({ memory, tenant: "acme" })] });
 * await agent.invoke({ messages: "Hello" }, { configurable: { thread_id: "chat-1" } });
 * ```
 */
export function relevoMemory(given: RelevoMemoryOptions): AgentMiddleware {
  const settings = admitAgentOptions(given);
  const runs = new Runs(settings);
  return createMiddleware({
    name: "RelevoMemory",
    async beforeAgent(state, runtime) {
      await runs.attempt(async () => {
        const turn = await runs.begin(runtime);
        await turn.sync(state.messages);
      });
    },
    async wrapModelCall(request, handler) {
      const turn = await runs.attempt(() => runs.resume(request.runtime));
      if (turn === undefined) return await handler(request);
      const shown = await runs.attempt(async () => {
        await turn.sync(request.state.messages);
        return await turn.during(() => modelMessages(turn, settings, (work) => runs.attempt(work)));
      });
      const asked =
        shown === undefined
          ? request
          : {
              ...request,
              messages: shown.messages,
              systemMessage: withSystem(request.systemMessage, shown.system),
            };
      return await inTurn(turn, async () => await handler(asked as typeof request));
    },
    async wrapToolCall(request, handler) {
      const turn = await runs.attempt(() => runs.resume(request.runtime));
      if (turn === undefined) return await handler(request);
      const { name, args, id } = request.toolCall;
      const began = performance.now();
      const record = async (outcome: {
        output?: JsonValue;
        error?: { name: string; message: string };
      }): Promise<void> => {
        await runs.attempt(() =>
          turn.session.recordExecution({
            input: { tool: name, args: storableValue(args) },
            ...(id === undefined ? {} : { executionId: id }),
            ...outcome,
            status: outcome.error === undefined ? "completed" : "failed",
            durationMs: Math.round(performance.now() - began),
          }),
        );
      };
      const result = await inTurn(turn, async () => {
        try {
          const answer = await handler(request);
          if (asParentCommand(answer) !== undefined) {
            await runs.attempt(() => turn.sync([...request.state.messages, ...parentMessages(answer)]));
            turn.passOn();
          }
          const message = answer as Partial<ToolMessage>;
          if (message.status === "error")
            await record({ error: { name: "ToolError", message: storableText(String(message.text ?? "")) } });
          else await record({ output: storableValue(message.content ?? null) });
          return answer;
        } catch (error) {
          // An interrupt or a command to a parent graph is no failure, and the tool will run again.
          if (!isBubbleUp(error))
            await record({ error: { name: "Error", message: storableText(errorLine(error)) } });
          throw error;
        }
      });
      if (turn.isDone) await runs.attempt(() => turn.commit("passed on"));
      return result;
    },
    async afterModel(state, runtime) {
      await runs.attempt(async () => (await runs.resume(runtime)).sync(state.messages));
    },
    async afterAgent(state, runtime) {
      await runs.attempt(async () => {
        const turn = await runs.resume(runtime);
        await turn.sync(state.messages);
        await turn.commit(state.messages.at(-1)?.text);
      });
    },
  }) as unknown as AgentMiddleware;
}

/** What a model or a tool begins in the same session is a part of the turn, such as the run of another agent. */
async function inTurn<Result>(turn: AgentTurn, work: () => Promise<Result>): Promise<Result> {
  return await turn.during(() => turn.session.run(() => turn.open.run(work)));
}

/** The runs of one middleware in this process, by the session and the place in the graph. */
class Runs {
  readonly #settings: AgentSettings;
  readonly #turns: Map<string, AgentTurn> = new Map();

  constructor(settings: AgentSettings) {
    this.#settings = settings;
  }

  /** `undefined` after a failure under `degrade`. */
  async attempt<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
    try {
      return await work();
    } catch (error) {
      if (!this.#settings.degrades || !MemoryError.isInstance(error)) throw error;
      this.#settings.onError(error);
      return undefined;
    }
  }

  /** The turn of the run that begins now. */
  async begin(runtime: HookRuntime, isResumed = false): Promise<AgentTurn> {
    const { tenant, session, options, key, agent } = await this.#placeOf(runtime);
    const owner = this.#settings.memory.tenant(tenant);
    const open = await owner.session(session, options).beginTurn({
      waitMs: this.#settings.waitMs,
      ...(runtime.signal === undefined ? {} : { signal: runtime.signal }),
    });
    let received: ReceivedHandoff | undefined;
    try {
      if (options.subject !== undefined) await requireOwner(open.session, options.subject, runtime.signal);
      received = await this.#settings.handoffs?.take(open.session, agent);
    } catch (error) {
      await open.abandon();
      throw error;
    }
    const turn = new AgentTurn(
      { tenant: owner, open, subject: options.subject, received, isResumed },
      this.#settings,
    );
    this.#turns.set(key, turn);
    this.#forgetEnded();
    return turn;
  }

  /** The turn of a run that has begun, which is begun again when it was released meanwhile, or in another process. */
  async resume(runtime: HookRuntime): Promise<AgentTurn> {
    const { key } = await this.#placeOf(runtime);
    const turn = this.#turns.get(key);
    if (turn === undefined || turn.isOver) return await this.begin(runtime, true);
    turn.touch();
    return turn;
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
    const facts = { threadId, configurable, context: contextOfRun() ?? asFields(context) ?? {} };
    const given = (await this.#settings.session?.(facts)) ?? {};
    const { tenant = this.#settings.tenant, session = threadId, ...options } = given;
    if (tenant === undefined)
      throw refuse("session().tenant", "is missing: name the tenant there or in the options.");
    if (session === undefined)
      throw refuse(
        "configurable.thread_id",
        'is missing. It names the conversation: agent.invoke(input, { configurable: { thread_id: "…" } }).',
      );
    // The last part names the node that runs.
    const graph = typeof namespace === "string" ? namespace.split("|").slice(0, -1) : [];
    const agent = graph.at(-1)?.split(":")[0] ?? "";
    return { tenant, session, options, agent, key: JSON.stringify([tenant, session, ...graph]) };
  }

  #forgetEnded(): void {
    for (const [key, turn] of this.#turns) if (turn.isOver) this.#turns.delete(key);
  }
}

/** Hooks are given only what of the context is in a schema of their middleware; the run has it whole. */
function contextOfRun(): Fields | undefined {
  const config: { readonly context?: unknown } | undefined =
    AsyncLocalStorageProviderSingleton.getRunnableConfig();
  return asFields(config?.context);
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
      : "belongs to somebody else.";
  throw new MemoryError("denied", `The session ${printable(session.id)} ${problem}`);
}

function isBubbleUp(error: unknown): boolean {
  return (error as { readonly is_bubble_up?: unknown } | undefined)?.is_bubble_up === true;
}
