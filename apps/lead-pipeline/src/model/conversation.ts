import {
  AIMessage,
  type BaseMessage,
  HumanMessage,
  SystemMessage,
  ToolMessage,
} from "@langchain/core/messages";
import { type AgentName, isAgentName } from "../agents/agent-names.ts";
import { agentOfPrompt, type Brief, readBrief } from "../agents/prompts.ts";

/** What the rule-based model read out of the messages it was called with. */
export interface Conversation {
  readonly agent: AgentName;
  readonly brief: Brief;
  /** Names of the tools that are bound. */
  readonly tools: ReadonlySet<string>;
  /** The newest answer of each tool in this turn; `error` when the call failed. */
  readonly results: ReadonlyMap<string, ToolAnswer>;
  /** How many calls this agent made in this turn. */
  readonly calls: number;
}

export interface ToolAnswer {
  readonly failed: boolean;
  readonly value: unknown;
}

/** @throws `Error` when the messages are not those of one of the four agents: the rules know nothing else. */
export function readConversation(messages: readonly BaseMessage[], tools: Iterable<string>): Conversation {
  const system = messages.find((message) => SystemMessage.isInstance(message));
  const agent = system === undefined ? undefined : agentOfPrompt(system.text);
  if (!isAgentName(agent)) throw new Error("The rule-based model works for the four lead agents only.");
  const brief = messages
    .filter((message) => HumanMessage.isInstance(message))
    .map((message) => readBrief(message.text))
    .find((found) => found !== undefined);
  if (brief === undefined) throw new Error("The rule-based model was given no lead.");
  const results = new Map<string, ToolAnswer>();
  let calls = 0;
  for (const message of messages) {
    if (AIMessage.isInstance(message)) calls += message.tool_calls?.length ?? 0;
    if (!ToolMessage.isInstance(message) || message.name === undefined) continue;
    results.set(message.name, readAnswer(message));
  }
  return { agent, brief, tools: new Set(tools), results, calls };
}

function readAnswer(message: ToolMessage): ToolAnswer {
  if (message.status === "error") return { failed: true, value: message.text };
  try {
    const value: unknown = JSON.parse(message.text);
    const failed = typeof value === "object" && value !== null && "error" in value;
    return { failed, value };
  } catch {
    // A tool that answers with plain text is answered for as text; all of ours answer with JSON.
    return { failed: false, value: message.text };
  }
}
