import { partsOf } from "../groups/parts.ts";
import type { Rule } from "./rule.ts";
import {
  checkAnswersAtOnce,
  checkCallIds,
  checkNoBlank,
  checkNotEmpty,
  checkParts,
  checkProviderPairs,
  checkToolNames,
  where,
} from "./shared-checks.ts";

const reference = "platform.openai.com/docs/api-reference/chat/create";
const callId = /^.{1,40}$/su;
const toolName = /^[a-zA-Z0-9_-]{1,64}$/;

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
    check: checkParts,
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
      ...checkNoBlank(messages, ["system", "user"]),
      ...where(
        messages,
        (message) =>
          message.role === "assistant" && partsOf(message).every((part) => part.type === "reasoning"),
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
