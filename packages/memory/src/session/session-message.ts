import {
  type CallOptions,
  MemoryError,
  type Message,
  readPages,
  type SeqRange,
  type StoredEvent,
  type StoredEventOf,
} from "@relevo/core";
import {
  admitChoice,
  admitId,
  admitInteger,
  admitRanges,
  maxPageSize,
  readArray,
  refuse,
} from "@relevo/core/input";
import type { Runtime } from "../runtime.ts";
import { signalOf } from "../signal.ts";
import { partialReason } from "./partial.ts";
import { hasMessage, readEvents } from "./read-events.ts";
import type { SessionHandle } from "./session-handle.ts";
import type { MessagesOptions, SessionMessage } from "./session-options.ts";

/** The message with its place in the log. One that has no id, because it was written to the log directly, gets its `seq`. */
export function sessionMessage(event: StoredEvent & StoredEventOf<"message">): SessionMessage {
  const { seq, body } = event;
  const partial = partialReason(event);
  const message = { ...body, id: body.id ?? String(seq), seq };
  return Object.freeze(partial === undefined ? message : { ...message, partial });
}

export function sessionMessages(events: readonly StoredEvent[]): readonly SessionMessage[] {
  return events.filter(hasMessage).map(sessionMessage);
}

/** The effective messages, all as of one version. */
export async function readMessages(
  handle: SessionHandle,
  { limit, direction, agent, signal }: MessagesOptions,
): Promise<readonly SessionMessage[]> {
  const order = admitChoice(direction, "direction", ["forward", "backward"], "forward");
  if (limit !== undefined) admitInteger(limit, "limit", 1);
  const { events } = await readEvents(
    handle,
    {
      types: ["message"],
      direction: "backward",
      limit,
      ...(agent === undefined ? {} : { agent }),
      signal,
    },
    hasMessage,
  );
  const newestFirst = sessionMessages(events);
  return order === "backward" ? newestFirst : newestFirst.toReversed();
}

/** The message as it was appended: what `messages` returns may be appended to another session. */
export function withoutPlace(message: Message): Message {
  if (!("seq" in message)) return message;
  const { seq: _seq, partial: _partial, ...own } = message as SessionMessage;
  return own;
}

/** @throws `invalid-input` unless exactly one of the two is given, and names something. */
export function admitNamed(
  { limits }: Runtime,
  { ids, seqs }: { readonly ids: unknown; readonly seqs: unknown },
): { readonly ids: readonly string[] } | { readonly seqs: readonly SeqRange[] } {
  if ((ids === undefined) === (seqs === undefined))
    throw refuse("options", "must have exactly one of ids and seqs.");
  if (seqs === undefined) {
    const named = readArray(ids, "ids", "an array of message ids", maxPageSize);
    if (named.length === 0) throw refuse("ids", nothing);
    return { ids: named.map((id, index) => admitId(id, `ids[${index}]`, limits)) };
  }
  const named = readArray(seqs, "seqs", "an array of seqs and of ranges { from, to }", maxPageSize);
  if (named.length === 0) throw refuse("seqs", nothing);
  const ranges = named.map((seq) => (typeof seq === "number" ? { from: seq, to: seq } : seq));
  return { seqs: admitRanges(ranges, "seqs") };
}

const nothing = "is empty, which selects nothing. Name at least one.";

/**
 * All messages with these ids, newest first, retracted ones included, and the version that they were read at. Reads the
 * log backward, so the cost grows with its length; `seqs` need no search.
 *
 * @throws `not-found` when an id is of no message with its content, with all such ids.
 */
export async function messagesById(
  handle: SessionHandle,
  ids: readonly string[],
  options: CallOptions,
): Promise<{ readonly version: number; readonly events: readonly StoredEventOf<"message">[] }> {
  const missing = new Set(ids);
  const wanted = new Set(ids);
  const { version, events } = await readEvents(
    handle,
    { types: ["message"], direction: "backward", retracted: "include", ...signalOf(options) },
    (event) => {
      const id = hasMessage(event) ? (event.body.id ?? String(event.seq)) : undefined;
      if (id === undefined || !wanted.has(id)) return false;
      missing.delete(id);
      return true;
    },
  );
  if (missing.size > 0) throw noMessage([...missing]);
  return { version, events: events.filter(hasMessage) };
}

/** Where a message is named by its id or its `seq`. */
export function admitPlace(runtime: Runtime, input: unknown, field: string): string | number {
  return typeof input === "number" ? admitInteger(input, field, 1) : admitId(input, field, runtime.limits);
}

/**
 * The newest message with this id, or the one with this `seq`, and the version that it was read at. A retracted one is
 * found too.
 *
 * @throws `not-found`.
 */
export async function messageAt(
  handle: SessionHandle,
  place: string | number,
  options: CallOptions,
): Promise<{ readonly version: number; readonly event: StoredEventOf<"message"> }> {
  const pages = readPages((page) => handle.read(page), {
    types: ["message"],
    direction: "backward",
    retracted: "include",
    ...(typeof place === "number" ? { before: place + 1, after: place - 1 } : {}),
    ...signalOf(options),
  });
  let version: number | undefined;
  for await (const page of pages) {
    version ??= page.version;
    for (const event of page.events)
      if (hasMessage(event) && (typeof place === "number" || (event.body.id ?? String(event.seq)) === place))
        return { version, event };
  }
  throw noMessage([String(place)]);
}

export function noMessage(ids: readonly string[]): MemoryError {
  return new MemoryError(
    "not-found",
    "The session has no such message. Ids and seqs are those that messages() returns; erased messages have none.",
    { details: { ids: ids.slice(0, 100) } },
  );
}
