import type { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { AIMessage, type BaseMessage, HumanMessage, ToolMessage } from "@langchain/core/messages";
import { MemoryError, type Message } from "@relevo/core";
import { traceTool } from "@relevo/handoff-tracing/telemetry";
import { createAgent, createMiddleware } from "langchain";
import { CallLimitError } from "../workflow/call-meter.ts";
import type { TenantContext } from "../workflow/tenant-context.ts";
import { type AgentName, transferTarget } from "./agent-names.ts";
import type { Desk } from "./desk.ts";
import { loggedMessage } from "./messages.ts";
import { type Brief, briefMessage, systemPrompt } from "./prompts.ts";
import { toolsFor } from "./tools.ts";
import { createTurn, type Decision } from "./turn.ts";

export interface AgentRun {
  readonly agent: AgentName;
  readonly model: BaseChatModel;
  readonly tenant: TenantContext;
  readonly desk: Desk;
  readonly brief: Brief;
  /** What memory holds for this agent and this lead, as a part of a prompt. */
  readonly memory: string;
  readonly signal?: AbortSignal;
  /** Counts a call before it is made. */
  readonly count: () => Promise<void>;
  /** Takes each message as it is made, in order. */
  readonly log: (message: Message) => Promise<void>;
  /** Told that the agent reached for another one that it was not given a tool for. */
  readonly onUnavailable: (target: AgentName) => Promise<string>;
}

/**
 * Runs one agent until it hands over or closes the lead, and returns what it decided. A model that ends without a
 * decision is reminded once.
 *
 * @throws `CallLimitError`; `MemoryError`; what the model throws; `Error` for a turn without a decision.
 */
export async function runAgent(run: AgentRun): Promise<Decision> {
  const turn = createTurn();
  const agent = createAgent({
    model: run.model,
    tools: [...toolsFor(run.agent, run.desk, turn, run.tenant)],
    systemPrompt: systemPrompt(run.agent, run.tenant),
    middleware: [recordingMiddleware(run, () => turn.decision() !== undefined)],
    name: run.agent,
  });
  // Two graph steps for each call, and room for the reminder; the calls themselves are what is limited.
  const config = {
    recursionLimit: run.tenant.apiLimits.callsPerLead * 4 + 10,
    ...(run.signal === undefined ? {} : { signal: run.signal }),
  };
  let messages: BaseMessage[] = [new HumanMessage(briefMessage(run.brief, run.memory))];
  try {
    for (let attempt = 0; attempt < 2; attempt++) {
      const state = await agent.invoke({ messages }, config);
      const decision = turn.decision();
      if (decision !== undefined) return decision;
      messages = [...state.messages, new HumanMessage(reminder)];
    }
  } catch (error) {
    throw rootError(error);
  }
  throw new Error(`${run.agent} neither handed the lead over nor closed it.`);
}

const reminder = "End your turn: call a transfer tool or close_lead.";

/** Between the agent and its model and tools: counts each call, and writes each message to the session's log. */
function recordingMiddleware(run: AgentRun, isDecided: () => boolean): ReturnType<typeof createMiddleware> {
  return createMiddleware({
    name: "RelevoMemory",
    async wrapModelCall(request, handler) {
      // Decided beside another call in one message: asking the model again could only change its mind.
      if (isDecided()) return new AIMessage("");
      await run.count();
      const answer = await askModel(() => handler(request));
      if (!AIMessage.isInstance(answer))
        throw new Error("The model answered with something else than a message.");
      await run.log(loggedMessage(run.agent, answer));
      return answer;
    },
    async wrapToolCall(request, handler) {
      await run.count();
      const { name, id } = request.toolCall;
      const call = () => traceTool({ name, callId: id }, async () => await handler(request));
      const answer = await answerCall(run, request.toolCall, call);
      await run.log(loggedMessage(run.agent, answer));
      return answer;
    },
  });
}

/** Providers' clients trip over an answer that is not of their protocol; the reason should say whose fault it was. */
async function askModel<Answer>(ask: () => Answer | Promise<Answer>): Promise<Answer> {
  try {
    return await ask();
  } catch (error) {
    const root = rootError(error);
    if (!(root instanceof TypeError || root instanceof SyntaxError)) throw error;
    throw new Error(`The model's answer cannot be read: ${root.message}`, { cause: root });
  }
}

async function answerCall(
  run: AgentRun,
  call: { readonly name: string; readonly id?: string | undefined },
  handle: () => unknown,
): Promise<ToolMessage> {
  const answerError = (content: string): ToolMessage =>
    new ToolMessage({ content, name: call.name, tool_call_id: call.id ?? "", status: "error" });
  try {
    const answer = await handle();
    if (!ToolMessage.isInstance(answer)) throw new Error(`${call.name} did not answer with a message.`);
    const target = transferTarget(call.name);
    if (answer.status !== "error" || target === undefined) return answer;
    const unavailable = await run.onUnavailable(target);
    return unavailable === "" ? answer : answerError(unavailable);
  } catch (error) {
    const cause = rootError(error);
    if (cause instanceof CallLimitError || MemoryError.isInstance(cause) || run.signal?.aborted) throw cause;
    // The model may mend its call. Only the first line: the rest is a stack with paths of this machine.
    const message = cause instanceof Error ? cause.message : String(cause);
    return answerError(JSON.stringify({ error: message.split("\n")[0] ?? "The call failed." }));
  }
}

/** LangChain wraps what middleware and tools throw; the first cause is what happened. */
function rootError(error: unknown): unknown {
  let root = error;
  for (let depth = 0; depth < 10 && root instanceof Error; depth++) {
    if (root instanceof CallLimitError || MemoryError.isInstance(root)) return root;
    const inner = root.name === "MiddlewareError" || "~brand" in root ? root.cause : undefined;
    if (inner === undefined) return root;
    root = inner;
  }
  return root;
}
