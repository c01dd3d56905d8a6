import type { ContentPart, Message, ToolCallPart, ToolResultPart } from "@relevo/core";

/** The content as parts; a string is one text part, an empty string none. */
export function partsOf(message: Message): readonly ContentPart[] {
  if (typeof message.content !== "string") return message.content;
  return message.content === "" ? [] : [{ type: "text", text: message.content }];
}

export function toolCallsOf(message: Message): readonly ToolCallPart[] {
  return partsOf(message).filter((part): part is ToolCallPart => part.type === "tool-call");
}

export function toolResultsOf(message: Message): readonly ToolResultPart[] {
  return partsOf(message).filter((part): part is ToolResultPart => part.type === "tool-result");
}

/** A part that a provider refuses as empty: text of white space only. */
export function isBlank(part: ContentPart): boolean {
  return part.type === "text" && isBlankText(part.text);
}

const visible = /\S/;

/** Only white space, or nothing. */
export function isBlankText(text: string): boolean {
  return !visible.test(text);
}

/** The message with other parts. Its native item no longer matches and is removed; those of parts stay. */
export function withParts(message: Message, parts: readonly ContentPart[]): Message {
  const { native: _native, ...rest } = message;
  return { ...rest, content: parts };
}
