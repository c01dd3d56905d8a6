import { AIMessage, type BaseMessage, ToolMessage } from "@langchain/core/messages";
import { fingerprint } from "@relevo/core";

/**
 * The messages with ids for calls that came without one, and for their results: a log pairs the two by their ids. The same
 * messages get the same ids in each run. LangChain answers a call of a tool without a name too.
 */
export function withCallIds(messages: readonly BaseMessage[]): readonly BaseMessage[] {
  /** Calls without an id that have no result yet. */
  let open: { readonly id: string; readonly name: string }[] = [];
  return messages.map((message) => {
    if (AIMessage.isInstance(message)) {
      open = [];
      const calls = message.tool_calls ?? [];
      if (calls.every(({ id, name }) => id && name)) return message;
      const place = message.id || fingerprint(JSON.stringify(calls));
      const named = calls.map((call, index) => {
        const id = call.id || `${place}:${index}`;
        if (!call.id) open.push({ id, name: call.name });
        return { ...call, id, name: call.name || "unnamed" };
      });
      return copyOf(message, { tool_calls: named, content: withNamedBlocks(message.content, named) });
    }
    if (!ToolMessage.isInstance(message) || message.tool_call_id) return message;
    const place = open.findIndex(({ name }) => name === message.name);
    const [answered] = open.splice(Math.max(place, 0), 1);
    return copyOf(message, { tool_call_id: answered?.id ?? `${message.id}:call` });
  });
}

/** Blocks of version 1 repeat the calls, in their order. */
function withNamedBlocks(
  content: AIMessage["content"],
  calls: readonly { readonly id: string; readonly name: string }[],
): unknown {
  if (!Array.isArray(content)) return content;
  let index = 0;
  return content.map((block) => {
    if (block.type !== "tool_call") return block;
    const call = calls[index++];
    return call === undefined ? block : { ...block, id: call.id, name: call.name };
  });
}

function copyOf(message: BaseMessage, fields: object): BaseMessage {
  return Object.assign(Object.create(Object.getPrototypeOf(message)), message, fields) as BaseMessage;
}
