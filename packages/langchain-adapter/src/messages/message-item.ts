import {
  AIMessage,
  AIMessageChunk,
  BaseMessage,
  BaseMessageChunk,
  ChatMessage,
  ChatMessageChunk,
  FunctionMessage,
  FunctionMessageChunk,
  HumanMessage,
  HumanMessageChunk,
  SystemMessage,
  SystemMessageChunk,
  ToolMessage,
  ToolMessageChunk,
} from "@langchain/core/messages";
import type { JsonValue } from "@relevo/core";
import { refuse } from "@relevo/core/input";

/** The fields of a message, as JSON has them; those that say nothing are left out. */
export type MessageFields = Record<string, JsonValue>;

/** A message of LangChain as JSON, in the form in which `JSON.stringify` writes one. */
export type MessageItem = {
  readonly lc: 1;
  readonly type: "constructor";
  readonly id: readonly string[];
  readonly kwargs: MessageFields;
};

const constructors = {
  HumanMessage,
  HumanMessageChunk,
  AIMessage,
  AIMessageChunk,
  SystemMessage,
  SystemMessageChunk,
  ToolMessage,
  ToolMessageChunk,
  ChatMessage,
  ChatMessageChunk,
  FunctionMessage,
  FunctionMessageChunk,
} satisfies Record<MessageClass, unknown>;
type PlainClass = `${"Human" | "AI" | "System" | "Tool" | "Chat" | "Function"}Message`;
export type MessageClass = PlainClass | `${PlainClass}Chunk`;

const kinds: Readonly<Record<string, PlainClass>> = {
  human: "HumanMessage",
  user: "HumanMessage",
  ai: "AIMessage",
  assistant: "AIMessage",
  system: "SystemMessage",
  tool: "ToolMessage",
  generic: "ChatMessage",
  chat: "ChatMessage",
  function: "FunctionMessage",
};

const commonFields = ["content", "id", "name", "additional_kwargs", "response_metadata"] as const;
const ownFields: Readonly<Record<PlainClass, readonly string[]>> = {
  HumanMessage: [],
  SystemMessage: [],
  AIMessage: ["tool_calls", "invalid_tool_calls", "usage_metadata", "tool_call_chunks"],
  ToolMessage: ["tool_call_id", "status", "artifact", "metadata"],
  ChatMessage: ["role"],
  FunctionMessage: [],
};
/** Fields that each message has, whether they say something or not. */
const oftenEmpty: ReadonlySet<string> = new Set([
  "additional_kwargs",
  "response_metadata",
  "tool_calls",
  "invalid_tool_calls",
  "tool_call_chunks",
]);

/** Bytes in a content block, as JSON. */
const bytesName = "relevo:bytes";

export function createItem(name: MessageClass, fields: Readonly<Record<string, unknown>>): MessageItem {
  const kwargs: MessageFields = {};
  for (const key of fieldsOf(name)) {
    const value = fields[key] as JsonValue | undefined;
    if (value !== undefined && !(oftenEmpty.has(key) && isEmpty(value))) kwargs[key] = value;
  }
  return { lc: 1, type: "constructor", id: ["langchain_core", "messages", name], kwargs };
}

/**
 * The message as JSON: a copy that shares nothing with it.
 *
 * @throws `invalid-input` for what is no message, for a kind that holds no conversation, and for values that have no JSON.
 */
export function itemOf(message: BaseMessage, field: string): MessageItem {
  if (!BaseMessage.isInstance(message))
    throw refuse(field, "must be a message of LangChain, such as new HumanMessage(text).");
  const name = classOf(message, field);
  const fields = mended(message as unknown as Readonly<Record<string, unknown>>);
  const item = createItem(name, fields);
  try {
    // A replacer makes it several times slower.
    const replacer = mayHaveBytes(fields) ? bytesToJson : undefined;
    return JSON.parse(JSON.stringify(item, replacer)) as MessageItem;
  } catch (cause) {
    const problem = cause instanceof RangeError ? "is nested too deeply." : "has a value without JSON form.";
    throw refuse(field, `${problem} Content, metadata and artifacts must be JSON values.`, undefined, cause);
  }
}

/**
 * What JSON has made of a message, mended. Chat histories store the arguments of its constructor, and leave content in
 * blocks of version 1 among them when they read it; bytes have become objects of numbers.
 */
function mended(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { content, lc_kwargs: given } = fields;
  if (!Array.isArray(content)) return fields;
  const lost = content.length > 0 ? undefined : (given as { readonly content_blocks?: unknown } | undefined);
  const blocks: readonly unknown[] = Array.isArray(lost?.content_blocks) ? lost.content_blocks : content;
  const whole = blocks.map(withBytes);
  return whole.every((block, index) => block === content[index]) ? fields : { ...fields, content: whole };
}

const media: ReadonlySet<unknown> = new Set(["image", "audio", "video", "file"]);

function withBytes(block: unknown): unknown {
  if (typeof block !== "object" || block === null || !("type" in block) || !("data" in block)) return block;
  const { type, data } = block;
  if (!media.has(type) || typeof data !== "object" || data === null || isBytes(data)) return block;
  const bytes = Object.entries(data);
  const areBytes = bytes.every(
    ([place, value], index) => place === `${index}` && Number.isInteger(value) && value >= 0 && value < 256,
  );
  return areBytes ? { ...block, data: Uint8Array.from(bytes, ([, value]) => value) } : block;
}

function classOf(message: BaseMessage, field: string): MessageClass {
  const { type } = message;
  const base = Object.hasOwn(kinds, type) ? kinds[type] : undefined;
  if (base === undefined) {
    const why =
      (type as string) === "remove"
        ? "is an instruction to a reducer and no message: apply it, or leave it out."
        : "is of a kind that is not known.";
    throw refuse(field, `${why} Known: ${[...new Set(Object.values(kinds))].join(", ")}.`);
  }
  // The name tells chunks apart that another copy of LangChain made.
  const name = (message.constructor as { lc_name?: () => string }).lc_name?.();
  const chunk = `${base}Chunk` as const;
  return name === chunk || BaseMessageChunk.isInstance(message) ? chunk : base;
}

function fieldsOf(name: MessageClass): readonly string[] {
  const base = name.replace(/Chunk$/u, "") as PlainClass;
  return [...commonFields, ...ownFields[base]];
}

/**
 * A new message that shares nothing with the item: frameworks write into the messages that they are given.
 * `undefined` for an item that is no message.
 */
export function buildMessage(item: JsonValue): BaseMessage | undefined {
  const read = readItem(item);
  if (read === undefined) return undefined;
  const name = read.id.at(-1) as MessageClass;
  const fields = structuredClone(read.kwargs) as Record<string, unknown>;
  fields.content = bytesFromJson(fields.content ?? "");
  // Constructors warn about calls in `additional_kwargs`, and move what they find between fields. So they get the names
  // of the fields, which is what is written out later, and the values are set afterwards.
  const named: Record<string, unknown> = {};
  for (const key in fields) named[key] = oftenEmpty.has(key) ? undefined : fields[key];
  named.content = "";
  const create = constructors[name] as unknown as new (fields: object) => BaseMessage;
  return Object.assign(new create(named), fields);
}

/** A message in the form that this package writes, from any form in which LangChain stores one. */
export function readItem(item: JsonValue): MessageItem | undefined {
  if (!isObject(item)) return undefined;
  const isSerialized = item.lc !== undefined;
  const name = isSerialized ? nameIn(item.id) : kindOf(item.type);
  if (name === undefined) return undefined;
  const held = isSerialized ? item.kwargs : (item.data ?? item);
  if (!isObject(held)) return undefined;
  const content = held.content ?? held.text ?? "";
  if (typeof content !== "string" && !Array.isArray(content)) return undefined;
  for (const key of ["id", "name", "role", "tool_call_id"])
    if (typeof (held[key] ?? "") !== "string") return undefined;
  return createItem(name, Object.fromEntries(Object.entries({ ...held, content }).filter(hasValue)));
}

/** Other languages write null where there is nothing; of an artifact it is a value. */
function hasValue([name, value]: readonly [string, JsonValue]): boolean {
  return value !== null || name === "artifact";
}

function nameIn(id: JsonValue | undefined): MessageClass | undefined {
  const name = Array.isArray(id) ? id.at(-1) : undefined;
  return typeof name === "string" && Object.hasOwn(constructors, name) ? (name as MessageClass) : undefined;
}

function kindOf(type: JsonValue | undefined): MessageClass | undefined {
  return typeof type === "string" && Object.hasOwn(kinds, type) ? kinds[type] : undefined;
}

function mayHaveBytes({ content, artifact }: Readonly<Record<string, unknown>>): boolean {
  return artifact !== undefined || (Array.isArray(content) && content.some(({ data }) => isBytes(data)));
}

function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array;
}

/** A `Buffer` has become an object of numbers before a replacer sees it. */
function bytesToJson(this: Readonly<Record<string, unknown>>, key: string, value: unknown): unknown {
  const given = this[key];
  return isBytes(given) ? { [bytesName]: Buffer.from(given).toString("base64") } : value;
}

function bytesFromJson(content: unknown): unknown {
  if (!Array.isArray(content)) return content;
  return content.map((block: unknown) => {
    const text = base64In(block);
    return text === undefined
      ? block
      : { ...(block as object), data: Uint8Array.from(Buffer.from(text, "base64")) };
  });
}

/** The item with the bytes in its content as base64, which is the other form of them in a content block. */
export function withBase64(item: MessageItem): MessageItem {
  const { content } = item.kwargs;
  if (!Array.isArray(content) || !content.some((block) => base64In(block) !== undefined)) return item;
  const blocks = content.map((block): JsonValue => {
    const data = base64In(block);
    return data === undefined || !isObject(block) ? (block as JsonValue) : { ...block, data };
  });
  return { ...item, kwargs: { ...item.kwargs, content: blocks } };
}

function base64In(block: unknown): string | undefined {
  const data = isObject(block as JsonValue) ? (block as MessageFields).data : undefined;
  const text = isObject(data) ? data[bytesName] : undefined;
  return typeof text === "string" ? text : undefined;
}

export function isObject(value: JsonValue | undefined): value is { readonly [name: string]: JsonValue } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isEmpty(value: unknown): boolean {
  return value === null || (typeof value === "object" && Object.keys(value as object).length === 0);
}
