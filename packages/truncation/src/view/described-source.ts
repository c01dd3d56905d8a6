import { isEvent, type Message, type StoredEvent, type ViewSource } from "@relevo/core";
import { partsOf } from "@relevo/messages";
import { describeDataUrls } from "../media/describe-media.ts";
import { replaceMedia } from "../media/replace-media.ts";

/** The log with data URLs in texts described. A changed message is the same object in each view. */
export function describedSource(source: ViewSource, known: WeakMap<Message, Message>): ViewSource {
  const { latest } = source;
  const described = (event: StoredEvent): StoredEvent => {
    if (!isEvent(event, "message")) return event;
    const body = known.get(event.body) ?? withoutDataUrls(event.body);
    known.set(event.body, body);
    if (body === event.body) return event;
    // The stored count is that of the original text.
    const { tokens: _tokens, ...rest } = event;
    return { ...rest, body };
  };
  return {
    ...source,
    readBackward: async (options) => (await source.readBackward(options)).map(described),
    pinned: async (options) => (await source.pinned(options)).map(described),
    ...(latest === undefined
      ? {}
      : { latest: async (options) => describedSource(await latest.call(source, options), known) }),
  };
}

function withoutDataUrls(message: Message): Message {
  if (typeof message.content === "string") {
    const content = describeDataUrls(message.content);
    return content === message.content ? message : { ...message, content };
  }
  let changed = false;
  const content = partsOf(message).map((part) => {
    if (part.type === "text") {
      const text = describeDataUrls(part.text);
      if (text === part.text) return part;
      changed = true;
      return { ...part, text };
    }
    if (part.type !== "tool-result") return part;
    // Images and files are not changed: providers accept them as such.
    const output = replaceMedia(part.output, { text: describeDataUrls });
    if (output === part.output) return part;
    changed = true;
    return { ...part, output };
  });
  return changed ? { ...message, content } : message;
}
