import { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { AIMessage, type BaseMessage } from "@langchain/core/messages";
import type { ChatResult } from "@langchain/core/outputs";

/** Answers by a script, and remembers what it was shown. */
export class ScriptedModel extends BaseChatModel {
  readonly shown: BaseMessage[][] = [];
  readonly #script: (messages: BaseMessage[], call: number) => AIMessage | Promise<AIMessage>;

  constructor(script: (messages: BaseMessage[], call: number) => AIMessage | Promise<AIMessage>) {
    super({});
    this.#script = script;
  }

  override _llmType(): string {
    return "scripted";
  }

  override bindTools(): this {
    return this;
  }

  override async _generate(messages: BaseMessage[]): Promise<ChatResult> {
    this.shown.push(messages);
    const message = await this.#script(messages, this.shown.length);
    return { generations: [{ text: message.text, message }] };
  }
}

/** An answer that calls tools. */
export function calling(
  ...calls: readonly (readonly [name: string, id: string, args?: Record<string, unknown>])[]
): AIMessage {
  return new AIMessage({
    content: "",
    tool_calls: calls.map(([name, id, args = {}]) => ({ type: "tool_call", name, id, args })),
  });
}
