import type { AIMessage, ToolMessage } from "@langchain/core/messages";
import { type ContentPart, type JsonValue, type Message, textOf } from "@relevo/core";
import type { AgentName } from "./agent-names.ts";

/** A model's answer as the log keeps it. */
export function assistantMessage(agent: AgentName, message: AIMessage): Message {
  const text = storable(message.text);
  const calls = (message.tool_calls ?? []).map(
    (call, index): ContentPart => ({
      type: "tool-call",
      toolCallId: call.id ?? `${agent}-unnamed-${index}`,
      toolName: call.name,
      input: jsonOf(call.args),
    }),
  );
  return {
    role: "assistant",
    agent,
    content:
      calls.length === 0 ? text : [...(text === "" ? [] : [{ type: "text", text } as const]), ...calls],
  };
}

/** A tool's answer as the log keeps it. */
export function toolResultMessage(agent: AgentName, message: ToolMessage): Message {
  const failed = message.status === "error" ? { isError: true } : {};
  const part: ContentPart = {
    type: "tool-result",
    toolCallId: message.tool_call_id,
    ...(message.name === undefined ? {} : { toolName: message.name }),
    output: storable(message.text),
    ...failed,
  };
  return { role: "tool", agent, content: [part] };
}

/** One line a person or a model can read; `undefined` for the lead itself, which every brief holds anyway. */
export function describeMessage(
  message: Message,
): { readonly agent: string; readonly text: string } | undefined {
  if (message.role === "user" || message.role === "system") return undefined;
  const parts = typeof message.content === "string" ? [] : message.content;
  const actions = parts.flatMap((part) => {
    if (part.type === "tool-call") return [`called ${part.toolName} with ${JSON.stringify(part.input)}`];
    if (part.type === "tool-result") return [`was answered ${JSON.stringify(part.output)}`];
    return [];
  });
  const text = [textOf(message), ...actions].filter((line) => line !== "").join("\n");
  return text === "" ? undefined : { agent: message.agent ?? message.role, text };
}

/** A model's text as a store takes it: half surrogates and NUL are no text. */
function storable(text: string): string {
  return text.toWellFormed().replaceAll("\0", "\uFFFD");
}

function jsonOf(value: unknown): JsonValue {
  const parsed: unknown = JSON.parse(storable(JSON.stringify(value ?? {}) ?? "{}"));
  return parsed as JsonValue;
}
