import type {
  ContentPart,
  FilePart,
  ImagePart,
  JsonValue,
  Message,
  ToolCallPart,
  ToolResultPart,
} from "@relevo/core";
import { createItem, isObject, type MessageFields, type MessageItem, readItem } from "./message-item.ts";

/** The `format` of what is kept of LangChain's own messages. */
export const format = "langchain";

/**
 * The messages of LangChain that say what this one says: one, or one for each result of a tool. None when there is nothing
 * that a model could be shown, such as a person's answer about a call.
 */
export function renderMessage(message: Message): readonly MessageItem[] {
  const { native } = message;
  const own = native?.format === format ? readItem(native.item) : undefined;
  if (own !== undefined) return [own];
  const { role, content } = message;
  if (role === "tool") return renderResults(message);
  if (role === "assistant") return [renderAnswer(message)];
  const parts = typeof content === "string" ? undefined : content;
  const isPlain = parts === undefined || parts.every(({ type }) => type === "text");
  const described = describedFields(message);
  return [
    createItem(role === "user" ? "HumanMessage" : "SystemMessage", {
      ...described,
      content: parts === undefined ? content : parts.flatMap(blocksOf),
      name: textIn(message.metadata?.name),
      ...(isPlain ? {} : { response_metadata: versioned(described.response_metadata) }),
    }),
  ];
}

/** What LangChain keeps about a message, from where an import puts it. */
function describedFields({ id, metadata = {} }: Message): Record<string, unknown> {
  return {
    id,
    additional_kwargs: objectIn(metadata.additional_kwargs),
    response_metadata: objectIn(metadata.response_metadata),
  };
}

function objectIn(value: JsonValue | undefined): MessageFields | undefined {
  return isObject(value) ? value : undefined;
}

function textIn(value: JsonValue | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** Content blocks of version 1 are known by this mark. */
function versioned(given: unknown): MessageFields {
  return isObject(given as JsonValue) ? (given as MessageFields) : { output_version: "v1" };
}

function renderAnswer(message: Message): MessageItem {
  const { agent, metadata = {} } = message;
  const described = describedFields(message);
  const parts: readonly ContentPart[] =
    typeof message.content === "string" ? [{ type: "text", text: message.content }] : message.content;
  const calls = parts.filter((part) => part.type === "tool-call" && part.providerExecuted !== true);
  const fields = {
    ...described,
    name: agent,
    usage_metadata: objectIn(metadata.usage_metadata),
    tool_calls: calls.flatMap((part) => (isCall(part) && isObject(part.input) ? [callOf(part)] : [])),
    invalid_tool_calls: calls.flatMap((part) =>
      isCall(part) && !isObject(part.input) ? [invalidCallOf(part)] : [],
    ),
  };
  const given = described.response_metadata as MessageFields | undefined;
  const isV1 = given === undefined ? needsBlocks(parts) : given.output_version === "v1";
  if (isV1)
    return createItem("AIMessage", {
      ...fields,
      content: parts.flatMap(blocksOf),
      response_metadata: versioned(given),
    });
  const said = parts.flatMap((part) =>
    isCall(part) && part.providerExecuted !== true ? [] : blocksOf(part),
  );
  const [only] = said;
  const isText = said.length === 1 && only?.type === "text";
  // A text beside calls is the form that all integrations take.
  const asText = isText && (typeof message.content === "string" || calls.length > 0);
  return createItem("AIMessage", {
    ...fields,
    content: said.length === 0 ? "" : asText ? only.text : said,
  });
}

/** Whether the parts have something for which blocks of version 1 are the only common form. */
function needsBlocks(parts: readonly ContentPart[]): boolean {
  let called = false;
  for (const part of parts) {
    if (isCall(part) && part.providerExecuted !== true) called = true;
    else if (part.type !== "text" || called) return true;
  }
  return false;
}

function isCall(part: ContentPart): part is ToolCallPart {
  return part.type === "tool-call";
}

function callOf({ toolCallId, toolName, input }: ToolCallPart): MessageFields {
  return { type: "tool_call", id: toolCallId, name: toolName, args: input };
}

function invalidCallOf({ toolCallId, toolName, input }: ToolCallPart): MessageFields {
  const args = typeof input === "string" ? input : JSON.stringify(input);
  return { type: "invalid_tool_call", id: toolCallId, name: toolName, args };
}

function renderResults(message: Message): readonly MessageItem[] {
  const { content, id } = message;
  const results = typeof content === "string" ? [] : content.filter((part) => part.type === "tool-result");
  const described = describedFields(message);
  return results.map((part, index) =>
    createItem("ToolMessage", {
      ...described,
      // Reducers replace a message by another one with its id.
      id: id === undefined || index === 0 ? id : `${id}:${index}`,
      content: resultContent(part.output),
      tool_call_id: part.toolCallId,
      name: part.toolName,
      // As the wrapper of a tool writes it.
      status: part.isError === true ? "error" : "success",
      metadata: objectIn(message.metadata?.metadata),
    }),
  );
}

/** A text, or content blocks; other values as the JSON that a tool's wrapper would make of them. */
function resultContent(output: ToolResultPart["output"]): JsonValue {
  if (typeof output === "string") return output;
  const isBlocks =
    Array.isArray(output) &&
    output.length > 0 &&
    output.every((block: JsonValue) => isObject(block) && typeof block.type === "string");
  return isBlocks ? output : JSON.stringify(output);
}

function blocksOf(part: ContentPart): readonly MessageFields[] {
  switch (part.type) {
    case "text":
      return [{ type: "text", text: part.text }];
    case "image":
      return [mediaOf("image", part)];
    case "file":
      return [mediaOf(kindOfFile(part), part)];
    case "reasoning":
      return [{ ...objectIn(part.native), type: "reasoning", reasoning: part.text }];
    case "tool-call":
      if (part.providerExecuted === true) return [{ ...callOf(part), type: "server_tool_call" }];
      return [isObject(part.input) ? callOf(part) : invalidCallOf(part)];
    case "tool-result": {
      const status = part.isError === true ? "error" : "success";
      return [{ type: "server_tool_call_result", toolCallId: part.toolCallId, status, output: part.output }];
    }
    case "native": {
      const { item } = part;
      if (part.format === format && isObject(item) && typeof item.type === "string") return [item];
      return [{ type: "non_standard", value: item }];
    }
    default:
      // Questions and answers about calls are for people; no model is shown them.
      return [];
  }
}

function kindOfFile({ mediaType, fileId }: FilePart): "audio" | "video" | "image" | "file" {
  const [kind] = mediaType?.split("/") ?? [];
  if (kind === "audio" || kind === "video") return kind;
  return kind === "image" && fileId !== undefined ? "image" : "file";
}

function mediaOf(type: string, part: ImagePart | FilePart): MessageFields {
  const { url, data, mediaType } = part;
  const { fileId, name } = part.type === "file" ? part : {};
  return {
    type,
    ...(url === undefined ? {} : { url }),
    ...(data === undefined ? {} : { data }),
    ...(fileId === undefined ? {} : { fileId }),
    ...(mediaType === undefined ? {} : { mimeType: mediaType }),
    ...(name === undefined ? {} : { metadata: { filename: name } }),
  };
}
