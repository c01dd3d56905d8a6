import type { ReadOptions, ReadResult, SessionAddress, StoredEvent } from "@relevo/core";
import type { FullLog } from "../../capabilities.ts";
import type { Mutant } from "../../harness.ts";
import { logMutant, without } from "../log-mutant.ts";

type Read = (options: ReadOptions, log: FullLog, address: SessionAddress) => Promise<ReadResult>;

/** A mutant whose reads go through `read`. */
function readMutant(id: string, target: string, defect: string, read: Read): Mutant {
  return logMutant(id, target, defect, (log) => ({
    read: (address, options = {}) => read(options, log, address),
  }));
}

function keep(result: ReadResult, keeps: (event: StoredEvent, index: number) => boolean): ReadResult {
  return { ...result, events: result.events.filter(keeps) };
}

export const readMutants: readonly Mutant[] = [
  readMutant(
    "missing-session-looks-alive",
    "log/read-of-nothing-is-empty",
    "a read of a missing session names an incarnation",
    async (options, log, address) => ({ incarnation: "none", ...(await log.read(address, options)) }),
  ),
  readMutant("after-is-inclusive", "log/read-windows", "`after` includes its seq", (options, log, address) =>
    log.read(address, options.after ? { ...options, after: options.after - 1 } : options),
  ),
  readMutant(
    "before-is-inclusive",
    "log/read-windows",
    "`before` includes its seq",
    (options, log, address) =>
      log.read(address, options.before === undefined ? options : { ...options, before: options.before + 1 }),
  ),
  readMutant(
    "window-is-an-offset",
    "log/read-windows",
    "a backward read returns the right events oldest first",
    async (options, log, address) => {
      const result = await log.read(address, options);
      return { ...result, events: result.events.toSorted((a, b) => a.seq - b.seq) };
    },
  ),
  readMutant("types-are-ignored", "log/read-filters", "`types` is not looked at", (options, log, address) =>
    log.read(address, without(options, "types")),
  ),
  readMutant(
    "agent-ignores-case",
    "log/read-filters",
    "agents are compared without their case",
    async ({ agent, ...options }, log, address) =>
      keep(
        await log.read(address, options),
        (event) => agent === undefined || event.agent?.toLowerCase() === agent.toLowerCase(),
      ),
  ),
  readMutant(
    "agent-is-a-prefix",
    "log/read-filters",
    "an agent also selects those whose name it begins",
    async ({ agent, ...options }, log, address) =>
      keep(
        await log.read(address, options),
        (event) => agent === undefined || event.agent?.startsWith(agent) === true,
      ),
  ),
  readMutant(
    "limit-counts-before-filters",
    "log/read-limit-counts-matches",
    "a page is cut before its events are filtered, and a short page ends the reading",
    async ({ agent, ...options }, log, address) =>
      keep(
        without(await log.read(address, options), "next"),
        (event) => agent === undefined || event.agent === agent,
      ),
  ),
  readMutant(
    "next-repeats-an-event",
    "log/read-limit-counts-matches",
    "the last event of a page comes again on the next",
    async (options, log, address) => {
      const { next, ...result } = await log.read(address, options);
      if (next === undefined || result.events.length < 2) return { ...result, ...(next && { next }) };
      return { ...result, next: options.direction === "backward" ? next + 1 : next - 1 };
    },
  ),
  readMutant(
    "limit-is-clamped",
    "log/read-limit-bounds",
    "a limit that is too large is cut instead of refused",
    (options, log, address) =>
      log.read(address, (options.limit ?? 0) > 1000 ? { ...options, limit: 1000 } : options),
  ),
  readMutant(
    "default-page-is-the-end",
    "log/read-limit-bounds",
    "a read without a limit never has a next page",
    async (options, log, address) => {
      const result = await log.read(address, options);
      return options.limit === undefined ? without(result, "next") : result;
    },
  ),
  readMutant(
    "newest-event-arrives-late",
    "log/reads-are-prefixes",
    "an event becomes visible before the one that precedes it",
    async (options, log, address) => {
      const result = await log.read(address, options);
      return keep(result, (_, index) => index !== result.events.length - 2);
    },
  ),
  logMutant(
    "batch-appears-bit-by-bit",
    "log/reads-are-prefixes",
    "half a batch can be read while it is written",
    (log) => ({
      append: async (address, events, options) => {
        const [first, ...rest] = events;
        if (first === undefined || rest.length === 0) return log.append(address, events, options);
        const { firstSeq } = await log.append(address, [first], options);
        return { ...(await log.append(address, rest, options)), firstSeq };
      },
    }),
  ),
  readMutant(
    "at-version-is-ignored",
    "log/read-at-version",
    "`atVersion` is not looked at",
    (options, log, address) => log.read(address, without(options, "atVersion")),
  ),
  readMutant(
    "at-version-cuts-only",
    "log/read-at-version",
    "`atVersion` leaves later events out but keeps what they retracted hidden",
    ({ atVersion, ...options }, log, address) =>
      log.read(address, {
        ...options,
        ...(atVersion !== undefined && { before: Math.min(options.before ?? atVersion + 1, atVersion + 1) }),
      }),
  ),
  readMutant(
    "pages-are-torn",
    "log/pages-at-one-version-are-not-torn",
    "each page of a reading is of its own version",
    (options, log, address) => log.read(address, without(options, "atVersion")),
  ),
  readMutant(
    "read-counts-its-version",
    "log/list-and-read-agree",
    "the version of a read is that of the last event it returns",
    async (options, log, address) => {
      const result = await log.read(address, options);
      return { ...result, version: result.events.at(-1)?.seq ?? 0 };
    },
  ),
];
