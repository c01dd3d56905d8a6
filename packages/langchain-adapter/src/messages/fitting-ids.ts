import { type ContentPart, defaultLimits, fingerprint, type JsonValue, type Message } from "@relevo/core";
import { isObject, type MessageFields, type MessageItem } from "./message-item.ts";

/**
 * The id itself, or one made of it when a store would refuse it as too long: some gateways put what a model wants back into the
 * ids of its calls.
 */
export function fittingId(id: string): string {
  const fits = 3 * id.length <= defaultLimits.idBytes || Buffer.byteLength(id) <= defaultLimits.idBytes;
  return fits ? id : `id_${fingerprint(id.toWellFormed()).slice(0, 32)}`;
}

export function withFittingIds(message: Message): Message {
  const { id, content } = message;
  const named = id === undefined ? message : { ...message, id: fittingId(id) };
  return typeof content === "string" ? named : { ...named, content: content.map(withFittingCall) };
}

function withFittingCall(part: ContentPart): ContentPart {
  if (part.type !== "tool-call" && part.type !== "tool-result") return part;
  const toolCallId = fittingId(part.toolCallId);
  return part.toolName === undefined
    ? { ...part, toolCallId }
    : { ...part, toolCallId, toolName: fittingId(part.toolName) };
}

/**
 * The items with the ids of calls that the provider gave: where a view has changed a message its item has the fitting one, and
 * must still name the same call as the others.
 */
export function withOriginalIds(items: readonly MessageItem[]): readonly MessageItem[] {
  const originals = new Map<JsonValue, string>();
  for (const { kwargs } of items)
    for (const id of callIds(kwargs)) if (fittingId(id) !== id) originals.set(fittingId(id), id);
  if (originals.size === 0) return items;
  const renamed = (fields: Readonly<MessageFields>): MessageFields =>
    Object.fromEntries(
      Object.entries(fields).map(([name, value]) => {
        if (idNames.has(name)) return [name, originals.get(value) ?? value];
        const isList = partNames.has(name) && Array.isArray(value);
        return [name, isList ? value.map((part) => (isObject(part) ? renamed(part) : part)) : value];
      }),
    );
  return items.map((item) => ({ ...item, kwargs: renamed(item.kwargs) }));
}

const idNames: ReadonlySet<string> = new Set(["id", "tool_call_id", "toolCallId"]);
const partNames: ReadonlySet<string> = new Set(["content", "tool_calls", "invalid_tool_calls"]);

function callIds({ tool_calls, invalid_tool_calls, tool_call_id }: MessageFields): readonly string[] {
  const calls = [tool_calls, invalid_tool_calls].flatMap((given) => (Array.isArray(given) ? given : []));
  const ids = [tool_call_id, ...calls.map((call) => (isObject(call) ? call.id : undefined))];
  return ids.filter((id) => typeof id === "string");
}
