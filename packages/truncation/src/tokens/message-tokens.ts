import type { ContentPart, JsonValue, Message, TokenCounter } from "@relevo/core";
import { partsOf } from "@relevo/messages";
import { replaceMedia } from "../media/replace-media.ts";
import { imageTokens } from "./image-tokens.ts";

/** What a chat format adds to each message: its start, its role, the end of its head and its end. */
export const tokensPerMessage = 4;

/** What a chat format adds to a tool call: the recipient, the channel and the argument's frame. */
export const tokensPerToolCall = 8;

/** What a provider adds to a request so that the model answers. */
export const tokensPerReply = 3;

const tokensPerFile = 1500;
const bytesPerFilePage = 100_000;
const bytesPerTextToken = 4;

/**
 * Tokens of a message as a provider would bill it, with texts counted by `countText`:
 *
 * - 4 for each message, and 1 more with the name of its agent;
 * - text and reasoning: their text; what a provider keeps in `native` is not counted;
 * - tool calls: 8, the tool's name, and the arguments as JSON; call ids are not text to the models;
 * - tool results: the output, as it is when it is text and else as JSON, and the tool's name; images and files in it
 *   as in a message, in the shapes that `mediaOf` knows. Providers take each result as a message of its own, so each
 *   result after the first costs 4 more;
 * - images: see `imageTokens`; sizes are read from the message's `metadata.images`, in the order of its image parts;
 * - files: a fourth of the bytes when they are text or JSON in the message, else 1,500 for each begun 100 kB, and
 *   1,500 when the bytes stand elsewhere; and the name;
 * - native items: their `tokens`, else the item as a result's output;
 * - approvals: nothing, no provider is sent them, but for the reason of a refusal.
 */
export function messageTokens(message: Message, countText: (text: string) => number): number {
  let tokens = tokensPerMessage;
  if (message.agent !== undefined) tokens += 1 + countText(message.agent);
  if (typeof message.content === "string") return tokens + countText(message.content);
  const sizes = message.metadata?.images;
  let images = 0;
  let results = 0;
  for (const part of partsOf(message)) {
    if (part.type === "image") {
      tokens += imageTokens(Array.isArray(sizes) ? sizes[images] : undefined);
      images += 1;
    } else {
      if (part.type === "tool-result") {
        if (results > 0) tokens += tokensPerMessage;
        results += 1;
      }
      tokens += partTokens(part, countText);
    }
  }
  return tokens;
}

/** A counter that counts texts with `countText` and messages by the rules of `messageTokens`. */
export function counterOf(name: string, countText: (text: string) => number): TokenCounter {
  return { name, countText, countMessage: (message) => messageTokens(message, countText) };
}

function partTokens(
  part: Exclude<ContentPart, { type: "image" }>,
  countText: (text: string) => number,
): number {
  switch (part.type) {
    case "text":
    case "reasoning":
      return countText(part.text);
    case "tool-call":
      return tokensPerToolCall + countText(part.toolName) + countText(jsonOf(part.input));
    case "tool-result":
      return countText(part.toolName ?? "") + outputTokens(part.output, countText);
    case "file":
      return fileTokens(part.data, part.mediaType) + countText(part.name ?? "");
    case "native":
      return part.tokens ?? outputTokens(part.item, countText);
    case "tool-approval-request":
      return 0;
    case "tool-approval-response":
      return countText(part.reason ?? "");
  }
}

/**
 * Images and files of a result, or of a provider's item, cost what they would in a message of their own; a text is
 * text, whatever is in it.
 */
function outputTokens(output: JsonValue, countText: (text: string) => number): number {
  if (typeof output !== "object") return countText(jsonOf(output));
  let tokens = 0;
  const rest = replaceMedia(output, {
    media({ kind, data, mediaType, width = null, height = null }) {
      tokens += kind === "image" ? imageTokens({ width, height }) : fileTokens(data, mediaType);
      return "";
    },
  });
  return tokens + (rest === "" ? 0 : countText(jsonOf(rest)));
}

/** Text goes to a model as it is; everything else as compact JSON. */
function jsonOf(value: JsonValue): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "null");
}

function fileTokens(data: string | undefined, mediaType: string | undefined): number {
  if (data === undefined) return tokensPerFile;
  const bytes = Math.floor((data.length * 3) / 4);
  if (isTextual(mediaType)) return Math.ceil(bytes / bytesPerTextToken);
  return tokensPerFile * Math.max(1, Math.ceil(bytes / bytesPerFilePage));
}

function isTextual(mediaType: string | undefined): boolean {
  if (mediaType === undefined) return false;
  return mediaType.startsWith("text/") || mediaType === "application/json" || mediaType === "application/xml";
}
