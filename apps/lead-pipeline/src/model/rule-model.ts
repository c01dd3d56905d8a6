import type { BaseLanguageModelInput } from "@langchain/core/language_models/base";
import {
  BaseChatModel,
  type BaseChatModelCallOptions,
  type BindToolsInput,
} from "@langchain/core/language_models/chat_models";
import { AIMessage, type AIMessageChunk, type BaseMessage } from "@langchain/core/messages";
import type { ChatResult } from "@langchain/core/outputs";
import type { Runnable } from "@langchain/core/runnables";
import { readConversation } from "./conversation.ts";
import { decide } from "./decisions.ts";

/**
 * A chat model that follows written rules instead of weights: it reads the system prompt, the lead, the memory and
 * the tools' answers, and calls exactly one of the tools that are bound. It needs no key and no network, and answers
 * the same messages with the same call. What a lead writes is looked up in word lists and has no other power.
 */
export function createRuleModel(): BaseChatModel {
  return new RuleModel({});
}

interface RuleCallOptions extends BaseChatModelCallOptions {
  readonly tools?: readonly BindToolsInput[];
}

class RuleModel extends BaseChatModel<RuleCallOptions> {
  override _llmType(): string {
    return "rules";
  }

  override bindTools(
    tools: BindToolsInput[],
    options: Partial<RuleCallOptions> = {},
  ): Runnable<BaseLanguageModelInput, AIMessageChunk, RuleCallOptions> {
    return this.withConfig({ ...options, tools });
  }

  override async _generate(messages: BaseMessage[], options: this["ParsedCallOptions"]): Promise<ChatResult> {
    const names = (options.tools ?? []).map(nameOf).filter((name) => name !== undefined);
    const conversation = readConversation(messages, names);
    const { tool, args } = decide(conversation);
    // An id that is the same in every run, and like no other of the workflow: each agent has one turn.
    const id = `${conversation.agent}-${conversation.calls + 1}`;
    const message = new AIMessage({
      content: "",
      tool_calls: [{ name: tool, args: { ...args }, id, type: "tool_call" }],
    });
    return { generations: [{ text: "", message }] };
  }
}

function nameOf(tool: BindToolsInput): string | undefined {
  return "name" in tool && typeof tool.name === "string" ? tool.name : undefined;
}
