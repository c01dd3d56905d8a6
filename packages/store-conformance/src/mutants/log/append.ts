import type { AppendResult, ReadResult, StoredEvent } from "@relevo/core";
import type { Mutant } from "../../harness.ts";
import { appendMutant, logMutant, without } from "../log-mutant.ts";

/** A result whose events went through `change`. */
function withEvents(
  result: ReadResult,
  change: (events: readonly StoredEvent[]) => readonly StoredEvent[],
): ReadResult {
  return { ...result, events: change(result.events) };
}

export const appendMutants: readonly Mutant[] = [
  logMutant(
    "append-counts-from-zero",
    "log/append-assigns-contiguous-seq",
    "an append reports the version before it",
    (log) => ({
      append: async (...call) => {
        const result = await log.append(...call);
        return { ...result, version: result.firstSeq - 1 };
      },
    }),
  ),
  appendMutant(
    "append-reverses-a-batch",
    "log/append-assigns-contiguous-seq",
    "the events of a batch are stored last first",
    (events, options) => [events.toReversed(), options],
  ),
  logMutant(
    "read-skips-a-seq",
    "log/append-assigns-contiguous-seq",
    "seqs are drawn from a counter that all sessions share, so they have gaps",
    (log) => ({
      read: async (...call) =>
        withEvents(await log.read(...call), (events) =>
          events.map((event) => ({ ...event, seq: event.seq * 2 })),
        ),
    }),
  ),
  logMutant(
    "batch-is-interleaved",
    "log/concurrent-appends-are-contiguous",
    "a batch is written event by event, so that concurrent batches mix",
    (log) => ({
      append: async (address, events, options) => {
        let firstSeq: number | undefined;
        let last: AppendResult | undefined;
        for (const event of events) {
          last = await log.append(address, [event], options);
          firstSeq ??= last.firstSeq;
        }
        return { ...(last ?? (await log.append(address, events, options))), ...(firstSeq && { firstSeq }) };
      },
    }),
  ),
  logMutant(
    "concurrent-append-is-lost",
    "log/concurrent-appends-are-contiguous",
    "of appends that see the same version only the first is kept",
    (log) => ({
      append: async (address, events, options) => {
        const version = (await log.head(address))?.version ?? 0;
        const result = { firstSeq: version + 1, version: version + events.length, replayed: false };
        try {
          return await log.append(address, events, { ...options, expectedVersion: version });
        } catch {
          return { ...result, incarnation: "lost", revision: 1, token: "lost" };
        }
      },
    }),
  ),
  logMutant(
    "batch-is-cut",
    "log/append-is-all-or-nothing",
    "what stands before a refused event is kept",
    (log) => ({
      append: async (address, events, options) => {
        let result: AppendResult | undefined;
        for (const event of events) result = await log.append(address, [event], options);
        return result ?? log.append(address, events, options);
      },
    }),
  ),
  appendMutant(
    "event-metadata-is-dropped",
    "log/append-keeps-every-field",
    "the metadata of events is not stored",
    (events, options) => [events.map((event) => without(event, "metadata")), options],
  ),
  appendMutant(
    "token-counts-are-dropped",
    "log/append-keeps-every-field",
    "the token counts of events are not stored",
    (events, options) => [events.map((event) => without(event, "tokens")), options],
  ),
  logMutant("numbers-are-rounded", "log/append-keeps-every-field", "numbers lose their fractions", (log) => ({
    read: async (...call) => {
      const text = JSON.stringify(await log.read(...call));
      return JSON.parse(text, (_, value) => (typeof value === "number" ? Math.trunc(value) : value));
    },
  })),
  appendMutant(
    "system-messages-are-not-pinned",
    "log/system-messages-are-pinned",
    "system messages are pinned only when asked for",
    (events, options) => [events.map((event) => ({ pinned: false, ...event })), options],
  ),
  logMutant(
    "pinned-is-forced",
    "log/system-messages-are-pinned",
    "every system message is pinned, whatever the caller says",
    (log) => ({
      append: (address, events, options) =>
        log.append(
          address,
          events.map((event) =>
            event.type === "message" && typeof event.body === "object" && event.body.role === "system"
              ? { ...event, pinned: true }
              : event,
          ),
          options,
        ),
    }),
  ),
  appendMutant(
    "empty-append-creates",
    "log/append-needs-something-to-write",
    "an append of nothing creates the session",
    (events, options) => [
      events,
      events.length === 0 ? { operation: { id: "nothing", fingerprint: "nothing" }, ...options } : options,
    ],
  ),
  logMutant(
    "order-by-time",
    "log/order-ignores-clocks",
    "events are read in the order of the callers' times",
    (log) => ({
      read: async (address, options) =>
        withEvents(await log.read(address, options), (events) =>
          options?.direction === "backward"
            ? events.toSorted((a, b) => (b.at ?? 0) - (a.at ?? 0))
            : events.toSorted((a, b) => (a.at ?? 0) - (b.at ?? 0)),
        ),
    }),
  ),
  logMutant(
    "late-clock-drops-an-event",
    "log/order-ignores-clocks",
    "an event recorded before the one that precedes it is not shown",
    (log) => ({
      read: async (...call) =>
        withEvents(await log.read(...call), (events) =>
          events.filter((event, index) => event.recordedAt >= (events[index - 1]?.recordedAt ?? 0)),
        ),
    }),
  ),
];
