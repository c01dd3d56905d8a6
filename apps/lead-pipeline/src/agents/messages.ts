import type { AIMessage, ToolMessage } from "@langchain/core/messages";
import { type Message, textOf } from "@relevo/core";
import { fromLangChain } from "@relevo/langchain-adapter";
import type { AgentName } from "./agent-names.ts";

/** What a model or a tool said, as the log keeps it: half surrogates and NUL are no text that a store takes. */
export function loggedMessage(agent: AgentName, message: AIMessage | ToolMessage): Message {
  const text = JSON.stringify({ ...fromLangChain([message])[0], agent });
  return JSON.parse(text, (_, value: unknown) =>
    typeof value === "string" ? value.toWellFormed().replaceAll("\0", "\uFFFD") : value,
  ) as Message;
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
