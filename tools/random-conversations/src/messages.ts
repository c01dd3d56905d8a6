import type { ContentPart, JsonValue, Message, ToolCallPart, ToolResultPart } from "@relevo/core";

export function user(content: string | readonly ContentPart[]): Message {
  return { role: "user", content };
}

export function system(content: string): Message {
  return { role: "system", content };
}

export function assistant(...parts: readonly (string | ContentPart)[]): Message {
  return { role: "assistant", content: parts.map(partOf) };
}

export function tool(...parts: readonly (string | ContentPart)[]): Message {
  return { role: "tool", content: parts.map(partOf) };
}

/** The same message, said by an agent. */
export function by(agent: string, message: Message): Message {
  return { ...message, agent };
}

export function call(toolCallId: string, input: JsonValue = {}, toolName = "look"): ToolCallPart {
  return { type: "tool-call", toolCallId, toolName, input };
}

export function result(toolCallId: string, output: JsonValue = "found"): ToolResultPart {
  return { type: "tool-result", toolCallId, toolName: "look", output };
}

export function providerCall(toolCallId: string): ToolCallPart {
  return { ...call(toolCallId), providerExecuted: true };
}

export function providerResult(toolCallId: string): ToolResultPart {
  return { ...result(toolCallId), providerExecuted: true };
}

export function reasoning(text: string): ContentPart {
  return { type: "reasoning", text };
}

/** Reasoning of an item that its provider wants back together with what followed it. */
export function signed(id: string): ContentPart {
  return { type: "reasoning", text: `about ${id}`, native: { openai: { itemId: id } } };
}

export function native(format: string, item: JsonValue = { type: "web_search_call" }): ContentPart {
  return { type: "native", format, item };
}

export function approvalRequest(approvalId: string, toolCallId: string): ContentPart {
  return { type: "tool-approval-request", approvalId, toolCallId };
}

export function approvalResponse(approvalId: string, approved: boolean, reason?: string): ContentPart {
  const response = { type: "tool-approval-response", approvalId, approved } as const;
  return reason === undefined ? response : { ...response, reason };
}

/** Messages with the places that a log would give them, from 1. System messages are pinned. */
export function entriesOf(
  messages: readonly Message[],
): { readonly seq: number; readonly message: Message; readonly pinned: boolean }[] {
  return messages.map((message, index) => ({ seq: index + 1, message, pinned: message.role === "system" }));
}

function partOf(part: string | ContentPart): ContentPart {
  return typeof part === "string" ? { type: "text", text: part } : part;
}
