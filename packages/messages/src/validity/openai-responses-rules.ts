import type { Message } from "@relevo/core";
import { partsOf } from "../groups/parts.ts";
import { ReasoningPairs } from "./reasoning-pairs.ts";
import type { Finding, Rule } from "./rule.ts";
import {
  checkAnswers,
  checkAssistantMedia,
  checkCallIds,
  checkNoBlank,
  checkNotEmpty,
  checkParts,
  checkProviderPairs,
  checkToolNames,
  checkUniqueCallIds,
} from "./shared-checks.ts";

const reference = "platform.openai.com/docs/api-reference/responses/create";
const callId = /^.{1,64}$/su;
const toolName = /^[a-zA-Z0-9_-]{1,128}$/;

/** The Responses API, whose input is a list of items: reasoning and what it led to are checked as a pair. */
export const openaiResponsesRules: readonly Rule[] = [
  {
    id: "openai-responses/not-empty",
    says: "input must have at least one item",
    source: reference,
    check: checkNotEmpty,
  },
  {
    id: "openai-responses/parts",
    says: "each role carries only its own items",
    source: reference,
    check: (messages) => checkParts(messages, "openai-responses"),
  },
  {
    id: "openai-responses/assistant-media",
    says: "a message of the assistant has output_text and refusal content only",
    source: reference,
    check: checkAssistantMedia,
  },
  {
    id: "openai-responses/answers",
    says: "No tool output found for function call",
    source: "https://github.com/vercel/ai/issues/11036",
    check: checkAnswers,
  },
  {
    id: "openai-responses/unique-call-ids",
    says: "call_id pairs one function_call with one function_call_output",
    source: reference,
    check: checkUniqueCallIds,
  },
  {
    id: "openai-responses/call-id-length",
    says: "input[].call_id: string too long. Expected a string with maximum length 64",
    source: "https://github.com/AnswerDotAI/fastllm/issues/45",
    check: (messages) => checkCallIds(messages, callId),
  },
  {
    id: "openai-responses/tool-name-form",
    says: "input[].name: string does not match pattern '^[a-zA-Z0-9_-]+$', at most 128 characters",
    source: "https://github.com/openai/openai-agents-python/issues/4112",
    check: (messages) => checkToolNames(messages, toolName),
  },
  {
    id: "openai-responses/reasoning",
    says: "an item of type 'reasoning' was provided without its required following item",
    source: "https://github.com/vercel/ai/issues/7099",
    check: checkReasoning,
  },
  {
    id: "openai-responses/reasoning-pairs",
    says: "a reasoning item is immediately followed by the item that it belongs to",
    source: "https://github.com/QwenLM/qwen-code/pull/8169",
    check: checkReasoningPairs,
  },
  {
    id: "openai-responses/content",
    says: "a message item needs content",
    source: reference,
    check: (messages) => checkNoBlank(messages, ["system", "user"], "openai-responses"),
  },
  {
    id: "openai-responses/provider-pairs",
    says: "a call that the provider ran is sent with its result or not at all",
    source: "https://github.com/vercel/ai/issues/10445",
    check: checkProviderPairs,
  },
];

/** Reasoning is followed by text or calls of the assistant, in the same message or the next. */
function checkReasoning(messages: readonly Message[]): readonly Finding[] {
  return messages.flatMap((message, index) => {
    if (message.role !== "assistant" || partsOf(message).at(-1)?.type !== "reasoning") return [];
    return messages[index + 1]?.role === "assistant"
      ? []
      : [{ index, what: `The reasoning in message ${index} is followed by nothing it led to.` }];
  });
}

/** A reasoning item is not followed by another one, nor by a message of another agent. */
function checkReasoningPairs(messages: readonly Message[]): readonly Finding[] {
  const pairs = new ReasoningPairs();
  return messages.flatMap((message, index) =>
    pairs.take(message)
      ? []
      : [{ index, what: `The reasoning before message ${index}, or in it, lacks its own item.` }],
  );
}
