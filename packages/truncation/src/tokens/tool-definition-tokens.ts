import type { JsonValue, Message, TokenCounter } from "@relevo/core";
import { tokensPerReply } from "./message-tokens.ts";

/** A tool as it is told to a model. Schemas are JSON Schema. */
export interface ToolDefinition {
  readonly name: string;
  readonly description?: string;
  readonly parameters?: JsonValue;
}

const tokensOfToolsFrame = 12;
const tokensPerTool = 8;

/**
 * Tokens that the definitions of tools add to each request: 12 once, and for each tool 8, its name, its description
 * and its schema as compact JSON. Providers that render schemas in a shorter form cost less: this errs upwards.
 */
export function countToolDefinitions(counter: TokenCounter, tools: readonly ToolDefinition[]): number {
  let tokens = tools.length === 0 ? 0 : tokensOfToolsFrame;
  for (const { name, description, parameters } of tools) {
    tokens += tokensPerTool + counter.countText(name) + counter.countText(description ?? "");
    if (parameters !== undefined) tokens += counter.countText(JSON.stringify(parameters));
  }
  return tokens;
}

/** Tokens of a whole request: its messages, its tools, and 3 that open the reply. */
export function countRequest(
  counter: TokenCounter,
  request: { readonly messages: readonly Message[]; readonly tools?: readonly ToolDefinition[] },
): number {
  const messages = request.messages.reduce((sum, message) => sum + counter.countMessage(message), 0);
  return messages + countToolDefinitions(counter, request.tools ?? []) + tokensPerReply;
}
