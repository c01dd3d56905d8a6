import type { BaseMessage } from "@langchain/core/messages";
import {
  type ContentPart,
  defaultLimits,
  type JsonObject,
  type JsonValue,
  MemoryError,
  type Message,
  type Role,
} from "@relevo/core";
import { admitMessage, jsonEquals, readArray, refuse } from "@relevo/core/input";
import { readLangchainMessage } from "@relevo/messages";
import { withFittingIds, withOriginalIds } from "./fitting-ids.ts";
import {
  buildMessage,
  isObject,
  itemOf,
  type MessageFields,
  type MessageItem,
  withBase64,
} from "./message-item.ts";
import { format, renderMessage } from "./render-message.ts";

/** In `additional_kwargs`: what a message of Relevo says and LangChain has no field for. */
const carriedName = "relevo";

/** What the message that a LangChain message was made of says differently; `null` where it has no such field. */
interface Carried {
  readonly fields?: MessageFields;
  /** Which of how many messages, when one message with several results became several. */
  readonly part?: readonly [index: number, count: number];
}

/** Above this, what describes a message is kept in `native` alone: a store limits the metadata of an event. */
const metadataLength = 16 * 1024;

/**
 * Messages of LangChain as messages to append, one for each, and exact: `toLangChain` returns what was given, as
 * `JSON.stringify` has it. What has no place in a message is kept in its `native`, only where that is needed. Messages
 * that `toLangChain` made become what they were, unless somebody changed them. The input is not changed, and the result
 * shares nothing with it. An id that is too long for a store is replaced by one made of it.
 *
 * @throws `invalid-input` with the place, for a kind that is not known, a `RemoveMessage`, and values that JSON lacks.
 */
export function fromLangChain(messages: readonly BaseMessage[]): Message[] {
  const given = readArray(messages, "messages", "an array of LangChain messages", Number.MAX_SAFE_INTEGER);
  const items = given.map((message, index) => itemOf(message as BaseMessage, `messages[${index}]`));
  const converted: Message[] = [];
  for (let index = 0; index < items.length; ) {
    const whole = restoreGroup(items, index);
    converted.push(whole?.message ?? convertItem(items[index] as MessageItem, index));
    index += whole?.count ?? 1;
  }
  return converted;
}

/**
 * Messages of Relevo as messages of LangChain, new ones that a framework may change, and exact: `fromLangChain` returns what was
 * given. What LangChain has no field for, such as `at`, is in `additional_kwargs.relevo`, which providers are not sent.
 *
 * Each becomes one message; a message with the results of several tools one for each, under the ids `id`, `id:1` …; one
 * that no model can be shown, such as a person's answer about a call, becomes none. Give it a view, which is in a form
 * that providers accept. The `seq` of a message is not carried: an append gives it another one.
 */
export function toLangChain(messages: readonly Message[]): BaseMessage[] {
  const given = readArray(messages, "messages", "an array of messages", Number.MAX_SAFE_INTEGER);
  const items = given.flatMap((message, index) => itemsOf(admitForm(message, `messages[${index}]`)));
  return withOriginalIds(items).map((item) => {
    const built = buildMessage(item as unknown as JsonValue);
    if (built === undefined) throw refuse("messages", "has one that has no form in LangChain.");
    return built;
  });
}

/** Messages of ours were admitted when they were stored: here only what is none at all is refused. */
function admitForm(given: unknown, field: string): Message {
  const { role, content } = (given ?? {}) as Partial<Message>;
  if (role === undefined || !Object.hasOwn(partsOfRole, role))
    throw refuse(`${field}.role`, `must be one of ${Object.keys(partsOfRole).join(", ")}.`);
  if (typeof content !== "string" && !Array.isArray(content))
    throw refuse(`${field}.content`, "must be a text or an array of parts.");
  return given as Message;
}

function itemsOf(message: Message): readonly MessageItem[] {
  const items = renderMessage(message);
  const [only] = items;
  if (only === undefined) return items;
  const fields = difference(message, plainMessage(only, 0));
  if (items.length > 1)
    return items.map((item, index) =>
      carrying(item, { ...(index === 0 ? { fields } : {}), part: [index, items.length] }),
    );
  return Object.keys(fields).length === 0 ? items : [carrying(only, { fields })];
}

/** The fields that are not what a conversion back would make of them. */
function difference(message: Message, converted: Message): MessageFields {
  const wanted = fieldsOf(message);
  const found = fieldsOf(converted);
  const fields: MessageFields = {};
  for (const name of new Set([...Object.keys(wanted), ...Object.keys(found)])) {
    const value = wanted[name] ?? null;
    if (!jsonEquals(value, found[name] ?? null)) fields[name] = value;
  }
  return fields;
}

const fieldNames = ["role", "content", "id", "agent", "metadata", "at", "native"] as const;
/** What is still true of a message whose words somebody changed. */
const lasting: ReadonlySet<string> = new Set(["agent", "metadata", "at"]);

function fieldsOf(message: Message): MessageFields {
  const fields: MessageFields = {};
  for (const name of fieldNames) {
    const value = message[name] as JsonValue | undefined;
    if (value !== undefined) fields[name] = value;
  }
  return fields;
}

function carrying(item: MessageItem, carried: Carried): MessageItem {
  const extras = item.kwargs.additional_kwargs;
  const additional_kwargs = {
    ...(isObject(extras) ? extras : {}),
    [carriedName]: carried as unknown as JsonValue,
  };
  return { ...item, kwargs: { ...item.kwargs, additional_kwargs } };
}

function splitItem(item: MessageItem): { readonly plain: MessageItem; readonly carried?: Carried } {
  const extras = item.kwargs.additional_kwargs;
  const carried = isObject(extras) ? extras[carriedName] : undefined;
  // An application may have a field with this name.
  if (!isObject(extras) || !isObject(carried)) return { plain: item };
  if (!isObject(carried.fields) && !Array.isArray(carried.part)) return { plain: item };
  const { [carriedName]: _carried, ...others } = extras;
  const { additional_kwargs: _extras, ...kwargs } = item.kwargs;
  const rest = Object.keys(others).length === 0 ? kwargs : { ...kwargs, additional_kwargs: others };
  return { plain: { ...item, kwargs: rest }, carried: carried as Carried };
}

/** The message that several items in a row were made of; `undefined` when they were not, or were changed since. */
function restoreGroup(
  items: readonly MessageItem[],
  from: number,
): { readonly message: Message; readonly count: number } | undefined {
  const { plain, carried } = splitItem(items[from] as MessageItem);
  const [index, count] = Array.isArray(carried?.part) ? carried.part : [];
  if (index !== 0 || count === undefined || !(count > 1)) return undefined;
  const message = restore(plainMessage(plain, from), carried, items.slice(from, from + count));
  return message && { message, count };
}

function convertItem(item: MessageItem, index: number): Message {
  const { plain, carried } = splitItem(item);
  const converted = plainMessage(plain, index);
  if (carried === undefined) return converted;
  const whole = restore(converted, carried, [item]);
  if (whole !== undefined) return whole;
  const fields = Object.entries(carried.fields ?? {}).filter(([name]) => lasting.has(name));
  return apply(converted, Object.fromEntries(fields)) ?? converted;
}

/** The message that these items are made of, if they still are. */
function restore(
  converted: Message,
  carried: Carried | undefined,
  items: readonly MessageItem[],
): Message | undefined {
  const message = apply(converted, carried?.fields ?? {});
  if (message === undefined) return undefined;
  const made = itemsOf(message);
  const isSame =
    made.length === items.length && made.every((item, place) => sameItem(item, items[place] as MessageItem));
  return isSame ? message : undefined;
}

/** `undefined` when that is no message, because somebody else wrote the fields. */
function apply(message: Message, fields: MessageFields): Message | undefined {
  const merged = Object.fromEntries(
    Object.entries({ ...message, ...fields }).filter(([, value]) => value !== null),
  ) as JsonObject;
  try {
    admitMessage(merged, "message", defaultLimits, "imported");
    return merged as unknown as Message;
  } catch (error) {
    if (MemoryError.isInstance(error)) return undefined;
    throw error;
  }
}

function sameItem(left: MessageItem, right: MessageItem): boolean {
  return jsonEquals(left as unknown as JsonValue, right as unknown as JsonValue);
}

/** What the item says, with itself as `native` where the message would not say all of it. */
function plainMessage(item: MessageItem, index: number): Message {
  const message = withFittingIds(bounded(inPlace(readItem(withBase64(item), index))));
  const [only, ...others] = renderMessage(message);
  if (only !== undefined && others.length === 0 && sameItem(only, item)) return message;
  return { ...message, native: { format, item: item as unknown as JsonValue } };
}

/** Ids that are made up for calls without one must not depend on where a message stands. */
function readItem(item: MessageItem, index: number): Message {
  try {
    return readLangchainMessage(item as unknown as JsonObject);
  } catch (error) {
    if (!MemoryError.isInstance(error, "invalid-input")) throw error;
    const field = String(error.details.field).replace(/^items\[0\](\.kwargs)?/u, `messages[${index}]`);
    throw refuse(field, error.message.replace(/^\S+ /u, ""), undefined, error);
  }
}

const partsOfRole: Readonly<Record<Role, ReadonlySet<ContentPart["type"]>>> = {
  system: new Set(["text"]),
  user: new Set(["text", "image", "file", "native"]),
  assistant: new Set(["text", "image", "file", "reasoning", "tool-call", "tool-result", "native"]),
  tool: new Set(["tool-result"]),
};

/** LangChain lets any message have any block. Those that a role cannot have are in `native` alone. */
function inPlace(message: Message): Message {
  const { role, content } = message;
  if (typeof content === "string") return message;
  const fitting = content.filter(({ type }) => partsOfRole[role].has(type));
  return fitting.length === content.length ? message : { ...message, content: fitting };
}

/** Without what does not belong in metadata: artifacts of tools, which may be large, and a mark of the form. */
function bounded(message: Message): Message {
  const { metadata, ...rest } = message;
  if (metadata === undefined) return message;
  const { artifact: _artifact, ...kept } = metadata;
  const version = kept.response_metadata;
  if (isObject(version) && version.output_version === "v1" && Object.keys(version).length === 1)
    delete (kept as Record<string, JsonValue>).response_metadata;
  const usage = kept.usage_metadata;
  // What it cost is counted later, so it stays.
  const fitting = [kept, usage === undefined ? {} : { usage_metadata: usage }].find(
    (fields) => JSON.stringify(fields).length <= metadataLength,
  );
  return fitting !== undefined && Object.keys(fitting).length > 0 ? { ...rest, metadata: fitting } : rest;
}
