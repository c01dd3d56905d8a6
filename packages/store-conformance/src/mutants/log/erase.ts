import type { EventInput, SeqRange, StoredEvent } from "@relevo/core";
import { rangesInclude } from "@relevo/core/input";
import type { Mutant } from "../../harness.ts";
import { addressKey, appendMutant, logMutant, sharedState, without } from "../log-mutant.ts";

function underived(event: EventInput): EventInput {
  return without(event, "derivedFrom");
}

export const eraseMutants: readonly Mutant[] = [
  logMutant(
    "tombstone-keeps-the-agent",
    "log/erase-leaves-tombstones",
    "a tombstone still names the agent",
    (log) => ({
      read: async (address, options) => {
        const result = await log.read(address, options);
        return {
          ...result,
          events: result.events.map((event) =>
            event.erasedAt === undefined ? event : ({ ...event, agent: "writer" } as unknown as StoredEvent),
          ),
        };
      },
    }),
  ),
  logMutant("erase-leaves-a-gap", "log/erase-leaves-tombstones", "reads leave tombstones out", (log) => ({
    read: async (address, options) => {
      const result = await log.read(address, options);
      return { ...result, events: result.events.filter(({ erasedAt }) => erasedAt === undefined) };
    },
  })),
  logMutant(
    "tombstone-has-new-times",
    "log/erase-leaves-tombstones",
    "a tombstone is recorded when it was erased",
    (log) => ({
      read: async (address, options) => {
        const result = await log.read(address, options);
        return {
          ...result,
          events: result.events.map((event) =>
            event.erasedAt === undefined ? event : { ...event, recordedAt: event.erasedAt + 1 },
          ),
        };
      },
    }),
  ),
  appendMutant(
    "erase-leaves-what-was-derived",
    "log/erase-follows-derivation",
    "what was derived from an erased event stays",
    (events, options) => [events.map(underived), options],
  ),
  appendMutant(
    "erase-follows-summaries-only",
    "log/erase-follows-derivation",
    "handoffs and executions that quote an erased event stay",
    (events, options) => [
      events.map((event) => (event.type === "summary" ? event : underived(event))),
      options,
    ],
  ),
  logMutant(
    "erase-follows-one-step",
    "log/erase-follows-derivation",
    "what was derived from a derived event stays",
    (log) => ({
      append: async (address, events, options) => {
        const derived = (await log.read(address, { limit: 1000 })).events
          .filter(({ derivedFrom }) => derivedFrom !== undefined)
          .map(({ seq }): SeqRange => ({ from: seq, to: seq }));
        const second = (event: EventInput): boolean =>
          event.derivedFrom?.some(({ from }) => rangesInclude(derived, from)) === true;
        return log.append(
          address,
          events.map((event) => (second(event) ? underived(event) : event)),
          options,
        );
      },
    }),
  ),
  logMutant(
    "erase-only-hides",
    "log/erased-content-is-nowhere",
    "erased events are hidden from plain reads and shown with the retracted ones",
    (log, parts) => {
      const hidden = sharedState(parts, "hidden", () => new Map<string, readonly StoredEvent[]>());
      return {
        erase: async (address, options) => {
          const before = await log.read(address, { retracted: "include", limit: 1000 });
          hidden.set(addressKey(address), before.events);
          return log.erase(address, options);
        },
        read: async (address, options) => {
          const result = await log.read(address, options);
          const originals = hidden.get(addressKey(address)) ?? [];
          if (options?.retracted !== "include") return result;
          return {
            ...result,
            events: result.events.map((event) => originals.find(({ seq }) => seq === event.seq) ?? event),
          };
        },
      };
    },
  ),
  logMutant(
    "past-version-shows-the-erased",
    "log/erased-content-is-nowhere",
    "`atVersion` reads a copy that the erase did not reach",
    (log, parts) => {
      const copies = sharedState(parts, "copies", () => new Map<string, readonly StoredEvent[]>());
      return {
        erase: async (address, options) => {
          copies.set(
            addressKey(address),
            (await log.read(address, { retracted: "include", limit: 1000 })).events,
          );
          return log.erase(address, options);
        },
        read: async (address, options) => {
          const result = await log.read(address, options);
          const copy = options?.atVersion === undefined ? undefined : copies.get(addressKey(address));
          return copy === undefined ? result : { ...result, events: copy };
        },
      };
    },
  ),
  logMutant(
    "bytes-forget-the-erase",
    "log/erased-content-is-nowhere",
    "the head still counts the bytes of what was erased",
    (log, parts) => ({
      erase: async (address, options) => {
        parts.shared.set("bytes", (await log.head(address))?.bytes);
        return log.erase(address, options);
      },
      head: async (address) => {
        const head = await log.head(address);
        const bytes = parts.shared.get("bytes");
        return head && typeof bytes === "number" ? { ...head, bytes } : head;
      },
    }),
  ),
  logMutant(
    "erase-begins-at-the-first-seq",
    "log/erase-follows-what-was-trimmed",
    "an erase does not look for what was derived from trimmed events",
    (log) => ({
      erase: async (address, options) => {
        const first = (await log.head(address))?.firstSeq ?? 1;
        const seqs = options.seqs.filter(({ to }) => to >= first);
        return log.erase(address, {
          ...options,
          seqs: seqs.map(({ from, to }) => ({ from: Math.max(from, first), to })),
        });
      },
    }),
  ),
  logMutant(
    "second-erase-reports-nothing",
    "log/erase-can-be-repeated",
    "an erase reports only what was not blank before",
    (log) => ({
      erase: async (address, options) => {
        const { events } = await log.read(address, { retracted: "include", limit: 1000 });
        const blank = new Set(events.filter(({ erasedAt }) => erasedAt !== undefined).map(({ seq }) => seq));
        const result = await log.erase(address, options);
        return { ...result, erased: result.erased.filter((seq) => !blank.has(seq)) };
      },
    }),
  ),
  logMutant(
    "erase-reports-what-is-not-there",
    "log/erase-can-be-repeated",
    "an erase reports every seq that was asked for",
    (log) => ({
      erase: async (address, options) => ({
        ...(await log.erase(address, options)),
        erased: options.seqs.flatMap(({ from, to }) =>
          Array.from({ length: to - from + 1 }, (_, at) => from + at),
        ),
      }),
    }),
  ),
  logMutant(
    "erase-forgets-operations",
    "log/erase-keeps-operations",
    "with the content its operation is forgotten, so that a retry brings it back",
    (log, parts) => ({
      erase: async (address, options) => {
        parts.shared.set("erased", true);
        return log.erase(address, options);
      },
      append: (address, events, options = {}) =>
        log.append(address, events, parts.shared.has("erased") ? without(options, "operation") : options),
    }),
  ),
  logMutant(
    "kept-erase-follows-derivation",
    "log/erase-can-keep-what-was-derived",
    "what was derived from an event is erased although it was to be kept",
    (log) => ({ erase: (address, { derived: _, ...options }) => log.erase(address, options) }),
  ),
  logMutant(
    "tombstone-forgets-what-was-kept",
    "log/erase-can-keep-what-was-derived",
    "a tombstone does not say that what was derived from its event is kept",
    (log) => ({
      read: async (address, options) => {
        const result = await log.read(address, options);
        return {
          ...result,
          events: result.events.map((event) =>
            event.erasedAt === undefined ? event : without(event, "derived"),
          ),
        };
      },
    }),
  ),
  logMutant(
    "tombstone-loses-its-retraction",
    "log/erase-keeps-retraction-marks",
    "a tombstone does not tell that its event was retracted",
    (log) => ({
      read: async (address, options) => {
        const result = await log.read(address, options);
        return {
          ...result,
          events: result.events.map((event) =>
            event.erasedAt === undefined ? event : without(event, "retractedBy"),
          ),
        };
      },
    }),
  ),
];
