import {
  AIMessage,
  type BaseMessage,
  type BaseMessageLike,
  coerceMessageLikeToMessage,
  ToolMessage,
} from "@langchain/core/messages";
import { type DynamicStructuredTool, tool } from "@langchain/core/tools";
import { defaultLimits, type JsonValue, MemoryError, type Message, printable } from "@relevo/core";
import { admitFields, admitId, type FieldTable, fieldTable, refuse } from "@relevo/core/input";
import {
  type ContextFunction,
  type ContextPolicy,
  type Handoffs,
  policies,
  type StartedHandoff,
} from "@relevo/handoff-tracing";
import { currentSession, type Session } from "@relevo/memory";
import type { AgentMiddleware } from "langchain";
import { loadPeer } from "../load-peer.ts";
import { isInDegradedRun, toldInRun } from "./degraded-run.ts";

const { createMiddleware } = await loadPeer("langchain", () => import("langchain"));
const { Command } = await loadPeer("@langchain/langgraph", () => import("@langchain/langgraph"));

export interface HandoffToolOptions {
  /** The node of the parent graph that takes over; the name of its agent in supervisor and swarm graphs. */
  readonly to: string;
  /** Who hands over; the name that the agent's messages carry when left out. */
  readonly from?: string | undefined;
  /** The name of the tool; `transfer_to_` and the receiver when left out. */
  readonly name?: string | undefined;
  /** Tells the model when to hand over. */
  readonly description?: string | undefined;
  /** Which messages the receiver is shown; all of them when left out. */
  readonly policy?: ContextPolicy | ContextFunction | undefined;
  /**
   * What the model is to say beyond the reason, as a JSON schema. It is recorded, and the receiver is told.
   */
  readonly data?: { readonly [name: string]: JsonValue } | undefined;
  /** What of the parent graph's state the handoff sets, such as `(to) => ({ activeAgent: to })` in a swarm. */
  readonly update?: ((to: string) => Readonly<Record<string, unknown>>) | undefined;
}

const toolFields: FieldTable = fieldTable<HandoffToolOptions>({
  to: "selects",
  from: "refines",
  name: "refines",
  description: "refines",
  policy: "refines",
  data: "refines",
  update: "refines",
});

interface Request {
  readonly reason: string;
  readonly data?: JsonValue | undefined;
  readonly policy?: HandoffToolOptions["policy"];
}

/** Those whose receivers never begin must not add up. */
const mostWaiting = 1000;

/** A handoff whose receiver has not ended yet. */
export interface ReceivedHandoff {
  readonly from: string;
  readonly reason: string;
  readonly data: JsonValue | undefined;
  /** What the policy chose; `undefined` when the graph itself passes the messages on. */
  readonly messages: readonly Message[] | undefined;
  /** The log's version when it began: what was said later belongs to the receiver too. */
  readonly version: number;
  readonly handle: StartedHandoff;
}

/** Handoffs of the agents of one graph, recorded in the sessions that `relevoMemory` opens. */
export interface AgentHandoffs {
  /**
   * A tool with which a model hands over to another agent of the parent graph. It records the handoff with what is passed and
   * dropped, answers the call, and returns a `Command` to the parent graph. The agent needs `relevoMemory({ handoffs })`,
   * and so does the receiver: it shows what the policy chose, and records the end.
   */
  handoffTool(options: HandoffToolOptions): DynamicStructuredTool;
  /**
   * Records the handoffs that an agent's own tools make by returning a `Command` to the parent graph. Put it behind
   * `relevoMemory` in the list. What the receiver is shown is the graph's business: nothing is recorded of it.
   */
  handoffMiddleware(): AgentMiddleware;
  /** For `relevoMemory`: the handoff to this agent in the session that waits for it. */
  take(session: Session, agent: string): Promise<ReceivedHandoff | undefined>;
  /**
   * For `relevoMemory`: records a handoff that nobody has recorded and by which this agent begins, as `langgraph-supervisor` makes
   * them: the state ends with the answer to a call of `transfer_to_` and its name. `undefined` when there is none.
   */
  arrive(
    session: Session,
    agent: string,
    messages: readonly BaseMessage[],
  ): Promise<ReceivedHandoff | undefined>;
}

/**
 * Handoffs for agents of LangChain, recorded by `createHandoffs` of `@relevo/handoff-tracing`.
 *
 * @throws `invalid-input`. The tool throws `unsupported` in an agent without `relevoMemory`, and what the recording throws.
 */
export function createAgentHandoffs(handoffs: Handoffs): AgentHandoffs {
  if (typeof handoffs?.start !== "function")
    throw refuse("handoffs", "must be of createHandoffs() of @relevo/handoff-tracing.");
  const waiting = new Map<string, ReceivedHandoff>();

  async function start(from: string, to: string, request: Request): Promise<void> {
    try {
      const session = sessionOf(from, to);
      const received = await record(session, from, to, request);
      const name = placeOf(session, to);
      await drop(name);
      waiting.set(name, received);
      const [oldest = name] = waiting.keys();
      if (waiting.size > mostWaiting) await drop(oldest);
    } catch (error) {
      // The graph hands over all the same; what failed is told.
      if (!toldInRun(error)) throw error;
    }
  }

  async function record(
    session: Session,
    from: string,
    to: string,
    request: Request,
  ): Promise<ReceivedHandoff> {
    const { address, incarnation } = session;
    // Without the fence of this turn: the handoff ends in the receiver's.
    const place = incarnation === undefined ? address : { ...address, incarnation };
    const handle = await handoffs.start(place, { from, to, ...request });
    const version = (await session.head())?.version ?? 0;
    const { reason } = request;
    return { from, reason, data: handle.data, messages: handle.messages, version, handle };
  }

  /** Its receiver never began. */
  async function drop(name: string): Promise<void> {
    const received = waiting.get(name);
    waiting.delete(name);
    await received?.handle.fail(new Error("The receiver did not begin."));
  }

  return {
    handoffTool(given) {
      const options = admitFields(given, "options", toolFields);
      const to = admitId(options.to, "options.to", defaultLimits);
      const { policy = policies.full(), data, update } = options;
      for (const name of ["from", "name", "description"] as const)
        if (options[name] !== undefined) admitId(options[name], `options.${name}`, defaultLimits);
      if (typeof policy !== "function" && typeof policy?.choose !== "function")
        throw refuse("options.policy", "must be a policy, such as policies.last(5), or a function.");
      if (data !== undefined && (typeof data !== "object" || data === null || Array.isArray(data)))
        throw refuse("options.data", 'must be a JSON schema, such as { type: "object", properties: { … } }.');
      if (update !== undefined && typeof update !== "function")
        throw refuse("options.update", "must be a function.");
      const name = options.name ?? `transfer_to_${to.replaceAll(/\W+/gu, "_")}`;
      const schema = {
        type: "object" as const,
        properties: {
          reason: { type: "string", description: "Why the other agent should take over." },
          ...(data === undefined ? {} : { data }),
        },
        required: ["reason", ...(data === undefined ? [] : ["data"])],
      };
      return tool(
        async (input: unknown, runtime: unknown) => {
          const { reason, data: said } = input as { readonly reason: string; readonly data?: JsonValue };
          const { toolCallId = "", state } = runtime as {
            readonly toolCallId?: string;
            readonly state?: { readonly messages?: readonly BaseMessage[] };
          };
          const last = state?.messages?.findLast((message) => AIMessage.isInstance(message));
          await start(options.from ?? last?.name ?? "agent", to, {
            reason,
            policy,
            ...(said === undefined ? {} : { data: said }),
          });
          const answer = new ToolMessage({
            content: `${to} takes over.`,
            id: `handoff:${toolCallId || `${last?.id}:${name}`}`,
            name,
            tool_call_id: toolCallId,
            status: "success",
          });
          return new Command({
            goto: to,
            graph: Command.PARENT,
            // The state of this agent ends here, so that the call goes along with its answer.
            update: { ...update?.(to), messages: last === undefined ? [answer] : [last, answer] },
          });
        },
        {
          name,
          description: options.description ?? `Hands the conversation over to ${to}.`,
          schema,
          // By this `createSwarm` of `langgraph-swarm` knows where the agent may go.
          metadata: { __handoff_destination: to },
        },
      ) as unknown as DynamicStructuredTool;
    },
    handoffMiddleware() {
      return createMiddleware({
        name: "RelevoHandoffs",
        async wrapToolCall(request, handler) {
          const result = await handler(request);
          const targets = parentTargets(result);
          const last = request.state.messages.findLast((message) => AIMessage.isInstance(message));
          for (const to of targets)
            await start(last?.name ?? "agent", to, { reason: `the tool ${request.toolCall.name}` });
          return result;
        },
      }) as unknown as AgentMiddleware;
    },
    async take(session, agent) {
      const name = placeOf(session, agent);
      const taken = waiting.get(name);
      waiting.delete(name);
      // LangGraph follows one of several commands that tools of one answer return. When the sender has control again, the
      // other receivers have not begun.
      for (const [other, { from }] of waiting) if (from === agent && isIn(other, session)) await drop(other);
      return taken;
    },
    async arrive(session, agent, messages) {
      const call = arrivingCall(agent, messages);
      return call && (await record(session, call.from, agent, { reason: `the tool ${call.tool}` }));
    },
  };
}

/** The names of tools in `langgraph-supervisor` and `langgraph-swarm`. */
function arrivingCall(
  agent: string,
  messages: readonly BaseMessage[],
): { readonly from: string; readonly tool: string } | undefined {
  const answer = messages.at(-1);
  const tool = `transfer_to_${agent.trim().replaceAll(/\s+/gu, "_").toLowerCase()}`;
  if (agent === "" || !ToolMessage.isInstance(answer) || answer.name !== tool) return undefined;
  const caller = messages.findLast(
    (message) =>
      AIMessage.isInstance(message) && message.tool_calls?.some(({ id }) => id === answer.tool_call_id),
  );
  return caller && { from: caller.name ?? "agent", tool };
}

function sessionOf(from: string, to: string): Session {
  const session = currentSession();
  if (session !== undefined) return session;
  if (isInDegradedRun())
    throw new MemoryError(
      "unavailable",
      `The handoff from ${printable(from)} to ${printable(to)} is not recorded, because the memory has failed in this run. The graph hands over all the same.`,
    );
  throw new MemoryError(
    "unsupported",
    "A handoff needs a session. Put relevoMemory({ memory, tenant, handoffs }) among the agent's middleware.",
  );
}

function placeOf({ address }: Session, agent: string): string {
  return JSON.stringify([address.tenant, address.session, agent]);
}

function isIn(place: string, { address }: Session): boolean {
  const [tenant, session] = JSON.parse(place) as readonly [string, string, string];
  return tenant === address.tenant && session === address.session;
}

interface ParentCommand {
  readonly graph?: string;
  readonly goto?: unknown;
  readonly update?: unknown;
}

/** The nodes of the parent graph that a tool passes control to. */
export function parentTargets(result: unknown): readonly string[] {
  const command = asParentCommand(result);
  if (command === undefined) return [];
  const targets = Array.isArray(command.goto) ? (command.goto as readonly unknown[]) : [command.goto];
  return targets.flatMap((target) => {
    const node = typeof target === "object" && target !== null ? (target as { node?: unknown }).node : target;
    return typeof node === "string" && node !== "__end__" ? [node] : [];
  });
}

/** The messages that a tool leaves to the parent graph. */
export function parentMessages(result: unknown): readonly BaseMessage[] {
  const update = asParentCommand(result)?.update;
  const messages = (update as { readonly messages?: unknown } | undefined)?.messages;
  return Array.isArray(messages)
    ? (messages as readonly BaseMessageLike[]).map(coerceMessageLikeToMessage)
    : [];
}

export function asParentCommand(result: unknown): ParentCommand | undefined {
  const command = result as (ParentCommand & { readonly lg_name?: unknown }) | undefined;
  return command?.lg_name === "Command" && command.graph === Command.PARENT ? command : undefined;
}
