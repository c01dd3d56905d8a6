import type {
  CallOptions,
  EventLog,
  ReadResult,
  SessionAddress,
  SessionHead,
  SpokenMessage,
  StoredEvent,
} from "@relevo/core";
import { conflict } from "@relevo/core/input";
import { type MessageEvent, speakerOf, spokenText, timeOf } from "../recall/message-items.ts";

/** Messages of which facts are to be written. */
export interface FactsWindow {
  readonly messages: readonly SpokenMessage[];
  readonly before: readonly SpokenMessage[];
  /** All that is said from here up to `to`. */
  readonly from: number;
  readonly to: number;
  readonly removalRevision: number;
}

export interface WindowSizes {
  readonly store: { readonly log: EventLog };
  readonly messagesAtOnce: number;
  readonly messagesBefore: number;
}

const eventsAtOnce = 500;

/** The next messages behind `through`. @throws `conflict` of `removal` when something was removed since the head was read. */
export async function readWindow(
  { store, messagesAtOnce, messagesBefore }: WindowSizes,
  address: SessionAddress,
  { incarnation, removalRevision }: SessionHead,
  through: number,
  call: CallOptions,
): Promise<FactsWindow> {
  const messages: SpokenMessage[] = [];
  let after: number | undefined = through;
  let to = through;
  while (after !== undefined && messages.length < messagesAtOnce) {
    const page: ReadResult = await store.log.read(address, {
      after,
      limit: eventsAtOnce,
      types: ["message"],
      ...call,
    });
    if (page.incarnation !== incarnation || page.removalRevision !== removalRevision)
      throw conflict("removal", { removalRevision: page.removalRevision });
    for (const event of page.events) {
      if (messages.length === messagesAtOnce) break;
      const message = spokenMessage(event);
      if (message !== undefined) messages.push(message);
      to = event.seq;
    }
    after = page.next;
  }
  const from = through + 1;
  if (messages.length === 0) return { messages, before: [], from, to, removalRevision };
  return { messages, before: await readBefore(from), from, to, removalRevision };

  async function readBefore(before: number): Promise<readonly SpokenMessage[]> {
    if (messagesBefore === 0 || before === 1) return [];
    const { events } = await store.log.read(address, {
      before,
      limit: messagesBefore * 2,
      direction: "backward",
      types: ["message"],
      ...call,
    });
    const spoken = events.map(spokenMessage).filter((one) => one !== undefined);
    return spoken.slice(0, messagesBefore).sort((left, right) => left.seq - right.seq);
  }
}

function spokenMessage(event: StoredEvent): SpokenMessage | undefined {
  const text = spokenText(event);
  if (text === undefined) return undefined;
  // What is spoken is a message of one of the two.
  const message = event as MessageEvent;
  const speaker = speakerOf(message);
  const { role } = message.body;
  return {
    seq: message.seq,
    role: role === "assistant" ? "assistant" : "user",
    ...(speaker === undefined ? {} : { speaker }),
    text,
    at: timeOf(message),
  };
}
