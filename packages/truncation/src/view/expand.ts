import {
  type CallOptions,
  type EventLog,
  isEvent,
  MemoryError,
  type Message,
  readAll,
  type SeqRange,
  type SessionReference,
  type StoredEvent,
} from "@relevo/core";
import { admitCall, admitSession, liveSummaryOf, maxPageSize } from "@relevo/core/input";

/**
 * The events that a summary stands for, oldest first: the messages as they were appended, and tombstones where they
 * were erased. What was trimmed is gone. `summary` is its event, or its `seq`, as a view's `seqs` names it; `session`
 * is the session's object or its address.
 *
 * @throws `not-found` for a `seq` that is no summary, or one that was erased; `history-lost` when the incarnation that
 *   `session` names is gone; as `EventLog.read`.
 * @example
 * ```ts
 * const originals = await expand(store.log, session, summarySeq);
 * ```
 */
export async function expand(
  log: EventLog,
  session: SessionReference,
  summary: number | StoredEvent,
  given?: CallOptions,
): Promise<readonly StoredEvent[]> {
  const options = admitCall(given);
  const event = typeof summary === "number" ? await eventAt(log, session, summary, options) : summary;
  const live = event === undefined ? undefined : liveSummaryOf(event);
  if (live === undefined)
    throw new MemoryError("not-found", "There is no summary here, or it was erased.", {
      details: { seq: typeof summary === "number" ? summary : summary.seq },
    });
  const events: StoredEvent[] = [];
  for (const range of live.covers) {
    // One by one: the arguments of a call are on the stack, and a summary may stand for any number of messages.
    for (const message of await messagesIn(log, session, range, options)) events.push(message);
  }
  // What was retracted before lies between what is covered.
  return events.filter(({ retractedBy = Number.POSITIVE_INFINITY }) => retractedBy > (live.seq ?? 0));
}

/** The messages of a plain array that stand in its view as a summary. */
export function expandArray(
  messages: readonly Message[],
  summarized: readonly SeqRange[],
): readonly Message[] {
  return summarized.flatMap(({ from, to }) => messages.slice(from - 1, to));
}

async function eventAt(
  log: EventLog,
  session: SessionReference,
  seq: number,
  call: CallOptions,
): Promise<StoredEvent | undefined> {
  const { address, reading, noteSeen } = admitSession(session);
  const { events } = await reading(() =>
    log.read(address, { ...call, after: seq - 1, limit: 1, retracted: "include" }),
  );
  noteSeen(events);
  const event = events[0];
  return event !== undefined && event.seq === seq && isEvent(event, "summary") ? event : undefined;
}

async function messagesIn(
  log: EventLog,
  session: SessionReference,
  { from, to }: SeqRange,
  call: CallOptions,
): Promise<readonly StoredEvent[]> {
  const query = { types: ["message"], after: from - 1, before: to + 1, retracted: "include" } as const;
  const events: StoredEvent[] = [];
  for await (const page of readAll(log, session, { ...call, ...query, limit: maxPageSize }))
    events.push(...page);
  return events;
}
