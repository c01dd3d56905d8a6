import type { Message } from "@relevo/core";
import { partsOf } from "../groups/parts.ts";
import type { Finding, Rule } from "./rule.ts";
import {
  checkAnswersAtOnce,
  checkAssistantMedia,
  checkCallIds,
  checkCallInputs,
  checkNoBlank,
  checkNotEmpty,
  checkParts,
  checkProviderPairs,
  checkSystemFirst,
  checkToolNames,
  checkUniqueCallIds,
  checkUserFirst,
} from "./shared-checks.ts";

const reference = "docs.anthropic.com/en/api/messages";

const anthropicCallId = /^[a-zA-Z0-9_-]+$/;
const toolName = /^[a-zA-Z0-9_-]{1,128}$/;

/** The Messages API. System messages are its `system` parameter; neighbours of one role become one turn. */
export const anthropicRules: readonly Rule[] = [
  {
    id: "anthropic/not-empty",
    says: "messages: at least one message is required",
    source: reference,
    check: checkNotEmpty,
  },
  {
    id: "anthropic/parts",
    says: "each role carries only its own content blocks",
    source: reference,
    check: (messages) => checkParts(messages, "anthropic"),
  },
  {
    id: "anthropic/assistant-media",
    says: "'image' blocks are not permitted within assistant turns",
    source: "https://github.com/SEMOSS/Semoss/issues/2323",
    check: checkAssistantMedia,
  },
  {
    id: "anthropic/system-first",
    says: "the system prompt is a parameter of its own, not a turn",
    source: reference,
    check: checkSystemFirst,
  },
  {
    id: "anthropic/user-first",
    says: "first message must use the user role",
    source: reference,
    check: checkUserFirst,
  },
  {
    id: "anthropic/content",
    says: "text content blocks must be non-empty",
    source: reference,
    check: (messages) => checkNoBlank(messages, ["system", "user", "assistant"], "anthropic"),
  },
  {
    id: "anthropic/answers",
    says: "each tool_use block must have a corresponding tool_result block in the next message",
    source: "https://github.com/anthropics/claude-code/issues/3632",
    check: checkAnswersAtOnce,
  },
  {
    id: "anthropic/calls-last",
    says: "nothing stands behind a tool_use block in its turn",
    source: "https://github.com/anthropics/claude-code/issues/3632",
    check: checkCallsLast,
  },
  {
    id: "anthropic/unique-call-ids",
    says: "tool_use ids must be unique",
    source: reference,
    check: checkUniqueCallIds,
  },
  {
    id: "anthropic/call-id-form",
    says: `tool_use.id: String should match pattern '${anthropicCallId.source}'`,
    source: reference,
    check: (messages) => checkCallIds(messages, anthropicCallId),
  },
  {
    id: "anthropic/tool-name-form",
    says: `tool_use.name: String should match pattern '${toolName.source}'`,
    source: "docs.anthropic.com/en/docs/agents-and-tools/tool-use/implement-tool-use",
    check: (messages) => checkToolNames(messages, toolName),
  },
  {
    id: "anthropic/call-input",
    says: "tool_use.input: Input should be a valid dictionary",
    source: "https://github.com/anthropics/claude-code/issues/6696",
    check: checkCallInputs,
  },
  {
    id: "anthropic/provider-pairs",
    says: "a server tool's use was found without its result block",
    source: "https://github.com/vercel/ai/issues/10445",
    check: checkProviderPairs,
  },
  {
    id: "anthropic/thinking-alone",
    says: "a turn's final block cannot be thinking",
    source: "docs.anthropic.com/en/docs/build-with-claude/extended-thinking",
    check: (messages) =>
      messages.flatMap((message, index) => {
        const last = message.role === "assistant" && partsOf(message).at(-1)?.type === "reasoning";
        return last && messages[index + 1]?.role !== "assistant"
          ? [{ index, what: `The assistant's turn ends with reasoning in message ${index}.` }]
          : [];
      }),
  },
  {
    id: "anthropic/prefill",
    says: "This model does not support assistant message prefill. The conversation must end with a user message.",
    source: "https://github.com/agenticloops-ai/agentic-ai-engineering/issues/43",
    prefill: "refused",
    check: (messages) =>
      messages.at(-1)?.role === "assistant"
        ? [{ index: messages.length - 1, what: "The conversation ends with the assistant." }]
        : [],
  },
  {
    id: "anthropic/prefill-space",
    says: "messages: final assistant content cannot end with trailing whitespace",
    source: "https://github.com/langchain-ai/langchain/issues/35071",
    prefill: "continued",
    check: checkPrefillSpace,
  },
];

function checkPrefillSpace(messages: readonly Message[]): readonly Finding[] {
  const last = messages.at(-1);
  const part = last?.role === "assistant" ? partsOf(last).at(-1) : undefined;
  if (part?.type !== "text" || part.text === part.text.trimEnd()) return [];
  return [{ index: messages.length - 1, what: "The assistant's last text ends with white space." }];
}

function checkCallsLast(messages: readonly Message[]): readonly Finding[] {
  return messages.flatMap((message, index) => {
    let called = false;
    for (const part of partsOf(message)) {
      if (part.type === "tool-call" && part.providerExecuted !== true) called = true;
      else if (called)
        return [{ index, what: `A ${part.type} part stands behind a call in message ${index}.` }];
    }
    return [];
  });
}
