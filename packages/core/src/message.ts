import type { JsonObject, JsonValue } from "./json.ts";

export type Role = "system" | "user" | "assistant" | "tool";

export interface TextPart {
  readonly type: "text";
  readonly text: string;
}

/** An image by URL or as base64 data; exactly one of the two. */
export interface ImagePart {
  readonly type: "image";
  readonly url?: string;
  readonly data?: string;
  readonly mediaType?: string;
}

/** A file by URL, by a provider's file id, or as base64 data; exactly one of the three. */
export interface FilePart {
  readonly type: "file";
  readonly url?: string;
  readonly fileId?: string;
  readonly data?: string;
  readonly mediaType?: string;
  readonly name?: string;
}

/** A model's reasoning. `native` contains what the provider requires back unchanged, such as a signature. */
export interface ReasoningPart {
  readonly type: "reasoning";
  readonly text: string;
  readonly native?: JsonValue;
}

/**
 * A request to run a tool. `providerExecuted` calls are run by the model's provider, not by the application. `native`
 * contains what the provider requires back unchanged, such as Gemini's `thoughtSignature`; views keep it when they
 * change the call's id.
 */
export interface ToolCallPart {
  readonly type: "tool-call";
  readonly toolCallId: string;
  readonly toolName: string;
  readonly input: JsonValue;
  readonly providerExecuted?: boolean;
  readonly native?: JsonValue;
}

/** The result of a tool. `toolCallId` is that of the call; a view keeps the two together. */
export interface ToolResultPart {
  readonly type: "tool-result";
  readonly toolCallId: string;
  readonly toolName?: string;
  readonly output: JsonValue;
  readonly isError?: boolean;
  readonly providerExecuted?: boolean;
}

/**
 * The assistant's request for approval of a call, in the message of the call or in a later one. It is not sent to any
 * provider: views leave it out.
 */
export interface ToolApprovalRequestPart {
  readonly type: "tool-approval-request";
  readonly approvalId: string;
  readonly toolCallId: string;
}

/**
 * A person's answer to a `tool-approval-request`, in a message of the role `tool`. It is not sent to a provider either.
 */
export interface ToolApprovalResponsePart {
  readonly type: "tool-approval-response";
  readonly approvalId: string;
  readonly approved: boolean;
  /** Why; a view tells the model when a call was refused. */
  readonly reason?: string;
}

/** The API of a model provider, whose rules a conversation must satisfy. */
export type Provider = "openai-chat" | "openai-responses" | "anthropic" | "gemini";

/**
 * An item of one provider's API as it is, where no other part can express it: a hosted call with its result, a
 * compaction item. In messages of the user or the assistant. Only views made for `format` show it
 * (`view({ for: format })`); all others leave it out. It must be complete by itself: items that the provider refuses
 * to see apart belong in one message.
 */
export interface NativePart {
  readonly type: "native";
  /** The API that the item belongs to: a `Provider`, or your own name for another one. */
  readonly format: string;
  readonly item: JsonValue;
  /** What the item costs, where the provider says so; estimated from its JSON when left out. */
  readonly tokens?: number;
}

export type ContentPart =
  | TextPart
  | ImagePart
  | FilePart
  | ReasoningPart
  | ToolCallPart
  | ToolResultPart
  | ToolApprovalRequestPart
  | ToolApprovalResponsePart
  | NativePart;

/**
 * A provider-neutral message. Adapters convert to and from a framework's own, and put the framework's item in
 * `native` where the conversion would lose something, so that a round trip is exact.
 *
 * A part belongs in a message whose role can show it: text with the system, the user or the assistant; images and files
 * with the user or the assistant; reasoning, calls and questions about them with the assistant; results and answers
 * about calls with the role `tool`, which has no text of its own. Appending anything else is `invalid-input`.
 */
export interface Message {
  readonly role: Role;
  readonly content: string | readonly ContentPart[];
  /** The message's identity for frameworks; the order of the log does not depend on it. */
  readonly id?: string;
  /** The agent that speaks, when several agents share a role. */
  readonly agent?: string;
  readonly metadata?: JsonObject;
  /**
   * When the message was made, in milliseconds since the epoch, by the caller's clock. It does not affect the order.
   */
  readonly at?: number;
  /**
   * The framework's or provider's own item. A view that changes the content leaves it out, since it no longer says the
   * same; what must survive that belongs in the `native` of a part.
   */
  readonly native?: { readonly format: string; readonly item: JsonValue };
}

/** The text that a person would read: text parts joined by line feeds; calls, results and reasoning left out. */
export function textOf(message: Message): string {
  if (typeof message.content === "string") return message.content;
  return message.content
    .filter((part): part is TextPart => part.type === "text")
    .map((part) => part.text)
    .join("\n");
}
