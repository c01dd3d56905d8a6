import {
  defaultLimits,
  type JsonObject,
  type Message,
  type StoredEvent,
  type ViewSource,
} from "@relevo/core";
import { admitInteger, admitMessage, refuse, requireObject } from "@relevo/core/input";

/** Options for the view of a plain array of messages. */
export interface ArrayOptions {
  /**
   * Whether a message is pinned, which means never dropped. System messages are pinned when it is left out or returns
   * `undefined`.
   */
  readonly pinned?: ((message: Message, index: number) => boolean | undefined) | undefined;
}

/**
 * A plain array in the form of a log: the message at index `i` has the `seq` `i + 1`. Read-only.
 *
 * @throws `invalid-input` for what is no array, and on reading for what is no message.
 */
export function arraySource(messages: readonly Message[], options: ArrayOptions = {}): ViewSource {
  if (!Array.isArray(messages)) throw refuse("messages", "must be an array.");
  const version = admitInteger(messages.length, "messages.length", 0);
  const { pinned } = options;
  if (pinned !== undefined && typeof pinned !== "function") throw refuse("pinned", "must be a function.");
  const isPinned = (message: Message, index: number): boolean =>
    pinned?.(message, index) ?? message?.role === "system";
  const eventAt = (index: number): StoredEvent => {
    const body: unknown = messages[index];
    const field = `messages[${index}]`;
    requireObject(body, field);
    admitMessage(body as JsonObject, field, defaultLimits);
    const message = body as Message;
    return {
      type: "message",
      seq: index + 1,
      recordedAt: 0,
      body: message,
      pinned: isPinned(message, index),
    };
  };
  return {
    version,
    revision: version,
    removalRevision: 0,
    async readBackward({ before = version + 1, limit }): Promise<readonly StoredEvent[]> {
      const events: StoredEvent[] = [];
      for (let index = Math.min(before, version + 1) - 2; index >= 0 && events.length < limit; index--) {
        events.push(eventAt(index));
      }
      return events;
    },
    async pinned(): Promise<readonly StoredEvent[]> {
      const events: StoredEvent[] = [];
      messages.forEach((message: Message | undefined, index) => {
        // A hole in the array is refused when it is read.
        if (message !== undefined && isPinned(message, index)) events.push(eventAt(index));
      });
      return events;
    },
  };
}
