import type { EventInput, SeqRange } from "@relevo/core";
import { rangesInclude } from "@relevo/core/input";
import type { Mutant } from "../../harness.ts";
import { appendMutant, logMutant, without } from "../log-mutant.ts";

/** The events with the ranges of retractions changed. */
function withRanges(
  events: readonly EventInput[],
  change: (ranges: readonly SeqRange[]) => readonly SeqRange[],
): readonly EventInput[] {
  return events.map((event) =>
    event.type === "retraction"
      ? { ...event, body: { ...event.body, ranges: change(event.body.ranges) } }
      : event,
  );
}

export const retractionMutants: readonly Mutant[] = [
  logMutant(
    "retraction-does-nothing",
    "log/retraction-takes-out-messages-and-summaries",
    "reads return retracted events",
    (log) => ({
      read: (address, options = {}) =>
        log.read(address, { ...options, retracted: options.retracted ?? "include" }),
    }),
  ),
  logMutant(
    "retraction-takes-out-everything",
    "log/retraction-takes-out-messages-and-summaries",
    "handoffs and executions in the ranges are taken out too",
    (log) => ({
      read: async (address, options = {}) => {
        const result = await log.read(address, options);
        if (options.retracted !== undefined) return result;
        const { events } = await log.read(address, { types: ["retraction"], limit: 1000 });
        const ranges = events.flatMap((event) =>
          event.type === "retraction" ? (event.body?.ranges ?? []) : [],
        );
        return {
          ...result,
          events: result.events.filter(
            ({ seq, type }) => type === "retraction" || !rangesInclude(ranges, seq),
          ),
        };
      },
    }),
  ),
  appendMutant(
    "retraction-is-off-by-one",
    "log/retraction-takes-out-messages-and-summaries",
    "the last event of a range is not retracted",
    (events, options) => [
      withRanges(events, (ranges) => ranges.map(({ from, to }) => ({ from, to: Math.max(from, to - 1) }))),
      options,
    ],
  ),
  appendMutant(
    "retraction-leaves-summaries",
    "log/retraction-cascades-to-summaries",
    "summaries of what was retracted stay",
    (events, options) => [
      events.map((event) => (event.type === "summary" ? without(event, "derivedFrom") : event)),
      options,
    ],
  ),
  logMutant(
    "retraction-cascades-one-step",
    "log/retraction-cascades-to-summaries",
    "summaries of summaries stay",
    (log) => ({
      append: async (address, events, options) => {
        const { events: summaries } = await log.read(address, { types: ["summary"], limit: 1000 });
        const seqs = summaries.map(({ seq }) => ({ from: seq, to: seq }));
        return log.append(
          address,
          events.map((event) =>
            event.type === "summary" && event.derivedFrom?.some(({ from }) => rangesInclude(seqs, from))
              ? without(event, "derivedFrom")
              : event,
          ),
          options,
        );
      },
    }),
  ),
  logMutant(
    "retraction-is-clamped",
    "log/retraction-names-what-exists",
    "a range that reaches too far is cut instead of refused",
    (log) => ({
      append: async (address, events, options) => {
        const version = (await log.head(address))?.version ?? 0;
        const clamp = (ranges: readonly SeqRange[]): readonly SeqRange[] =>
          ranges
            .filter(({ from }) => from <= version)
            .map(({ from, to }) => ({ from, to: Math.min(to, version) }));
        return log.append(address, version === 0 ? events : withRanges(events, clamp), options);
      },
    }),
  ),
  logMutant(
    "retraction-hits-its-own-batch",
    "log/retraction-replaces-a-suffix",
    "a retraction also takes out the messages that are appended with it",
    (log) => ({
      append: async (address, events, options) => {
        const result = await log.append(address, events, options);
        const retracting = events.some(({ type }) => type === "retraction") && events.length > 1;
        if (!retracting || result.replayed) return result;
        const own = { from: result.firstSeq, to: result.version };
        return log.append(address, [{ type: "retraction", body: { ranges: [own], reason: "mutant" } }]);
      },
    }),
  ),
  logMutant(
    "last-retraction-wins",
    "log/first-retraction-wins",
    "a later retraction overwrites the mark of an earlier one",
    (log) => ({
      read: async (address, options) => {
        const result = await log.read(address, options);
        const last = result.events.findLast(({ type }) => type === "retraction")?.seq;
        return {
          ...result,
          events: result.events.map((event) =>
            event.retractedBy === undefined || last === undefined ? event : { ...event, retractedBy: last },
          ),
        };
      },
    }),
  ),
  logMutant(
    "retraction-of-the-trimmed-is-refused",
    "log/first-retraction-wins",
    "retracting what was trimmed is an error",
    (log) => ({
      append: async (address, events, options) => {
        const first = (await log.head(address))?.firstSeq ?? 1;
        const reachesBack = events.some(
          (event) => event.type === "retraction" && event.body.ranges.some(({ from }) => from < first),
        );
        return log.append(address, reachesBack ? withRanges(events, () => []) : events, options);
      },
    }),
  ),
  logMutant(
    "retracted-only-includes-all",
    "log/retracted-selects",
    '`retracted: "only"` returns what is effective as well',
    (log) => ({
      read: (address, options = {}) =>
        log.read(address, options.retracted === "only" ? { ...options, retracted: "include" } : options),
    }),
  ),
  logMutant(
    "retracted-are-filtered-after-the-limit",
    "log/retracted-selects",
    "retracted events are left out after the page was cut, and the short page is the last",
    (log) => ({
      read: async (address, options = {}) => {
        if (options.retracted !== "exclude") return log.read(address, options);
        const result = await log.read(address, { ...options, retracted: "include" });
        const events = result.events.filter(({ retractedBy }) => retractedBy === undefined);
        return events.length < (options.limit ?? 100)
          ? { ...without(result, "next"), events }
          : { ...result, events };
      },
    }),
  ),
  logMutant(
    "read-mixes-two-moments",
    "log/read-is-one-moment",
    "the version of a read is found first, and the events when others have written",
    (log) => ({
      read: async (address, options) => {
        const first = await log.read(address, options);
        // As long as it takes for another append to be seen: the next read of a busy log.
        let later = await log.read(address, options);
        for (let looks = 0; looks < 50 && later.version === first.version; looks++)
          later = await log.read(address, options);
        return { ...first, events: later.events.filter(({ seq }) => seq <= first.version) };
      },
    }),
  ),
];
