import type { Message } from "@relevo/core";
import { partsOf } from "../groups/parts.ts";
import type { Rule } from "./rule.ts";
import {
  checkAnswersAtOnce,
  checkAssistantMedia,
  checkCallIds,
  checkNoBlank,
  checkNotEmpty,
  checkParts,
  checkProviderPairs,
  checkToolNames,
  isEmpty,
  where,
} from "./shared-checks.ts";

const reference = "platform.openai.com/docs/api-reference/chat/create";
const callId = /^.{1,40}$/su;
const toolName = /^[a-zA-Z0-9_-]{1,64}$/;

function isReasoning(message: Message): boolean {
  const parts = partsOf(message);
  return parts.length > 0 && parts.every((part) => part.type === "reasoning");
}

/** Chat completions, as OpenAI and the many servers that copy it check them. */
export const openaiChatRules: readonly Rule[] = [
  {
    id: "openai-chat/not-empty",
    says: "messages must have at least one message",
    source: reference,
    check: checkNotEmpty,
  },
  {
    id: "openai-chat/parts",
    says: "each role carries only its own content parts",
    source: reference,
    check: (messages) => checkParts(messages, "openai-chat"),
  },
  {
    id: "openai-chat/assistant-media",
    says: "Image URLs are only allowed for messages with role 'user', but this message with role 'assistant' contains an image URL.",
    source: "https://github.com/openai/openai-node/issues/1030",
    check: checkAssistantMedia,
  },
  {
    id: "openai-chat/answers",
    says: "an assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'",
    source: "https://github.com/langchain-ai/langchainjs/pull/9740",
    check: checkAnswersAtOnce,
  },
  {
    id: "openai-chat/content",
    says: "a message needs content; an assistant's may be missing only beside tool calls",
    source: reference,
    check: (messages) => [
      ...checkNoBlank(messages, ["system", "user"], "openai-chat"),
      ...where(
        messages,
        (message) =>
          message.role === "assistant" && (isEmpty(message, "openai-chat") || isReasoning(message)),
        "has neither content nor tool calls",
      ),
    ],
  },
  {
    id: "openai-chat/call-id-length",
    says: "tool_calls[].id: string too long. Expected a string with maximum length 40",
    source: "https://github.com/agno-agi/agno/issues/5382",
    check: (messages) => checkCallIds(messages, callId),
  },
  {
    id: "openai-chat/tool-name-form",
    says: `tool_calls[].function.name: string does not match pattern '^[a-zA-Z0-9_-]+$', at most 64 characters`,
    source: "https://github.com/mcp-use/mcp-use/issues/90",
    check: (messages) => checkToolNames(messages, toolName),
  },
  {
    id: "openai-chat/provider-pairs",
    says: "a call that was run elsewhere is sent with its result or not at all",
    source: "https://github.com/vercel/ai/issues/10445",
    check: checkProviderPairs,
  },
];
