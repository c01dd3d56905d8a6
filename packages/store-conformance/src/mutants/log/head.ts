import type { Mutant } from "../../harness.ts";
import { logMutant, without } from "../log-mutant.ts";

export const headMutants: readonly Mutant[] = [
  logMutant("bytes-are-characters", "log/head-figures", "bytes are counted as UTF-16 units", (log) => ({
    head: async (address) => {
      const head = await log.head(address);
      const { events } = await log.read(address, { retracted: "include", limit: 1000 });
      const bytes = events
        .filter(({ erasedAt }) => erasedAt === undefined)
        .map((event) => JSON.stringify(without(event, "seq", "recordedAt", "retractedBy")).length);
      return head && { ...head, bytes: bytes.reduce((sum, one) => sum + one, 0) };
    },
  })),
  logMutant("events-are-the-version", "log/head-figures", "the head counts trimmed events too", (log) => ({
    head: async (address) => {
      const head = await log.head(address);
      return head && { ...head, events: head.version };
    },
  })),
  logMutant(
    "events-are-the-effective-ones",
    "log/head-figures",
    "the head does not count retracted events",
    (log) => ({
      head: async (address) => {
        const head = await log.head(address);
        return head && { ...head, events: (await log.read(address, { limit: 1000 })).events.length };
      },
    }),
  ),
  logMutant(
    "revision-is-the-version",
    "log/revision-grows",
    "the revision grows with appends only",
    (log) => ({
      head: async (address) => {
        const head = await log.head(address);
        return head && { ...head, revision: head.version };
      },
    }),
  ),
  logMutant(
    "refused-append-moves-the-revision",
    "log/revision-grows",
    "a refused append moves the revision",
    (log) => ({
      append: async (address, events, options) => {
        try {
          return await log.append(address, events, options);
        } catch (error) {
          await log.touch(address, { ttlMs: 7_777_777 });
          throw error;
        }
      },
    }),
  ),
  logMutant(
    "touch-merges-metadata",
    "log/touch-changes-what-is-given",
    "a touch merges metadata into what was there",
    (log) => ({
      touch: async (address, options = {}) => {
        const head = await log.head(address);
        const metadata = options.metadata && { ...head?.metadata, ...options.metadata };
        return log.touch(address, metadata ? { ...options, metadata } : options);
      },
    }),
  ),
  logMutant(
    "touch-clears-the-rest",
    "log/touch-changes-what-is-given",
    "a touch without metadata empties it",
    (log) => ({ touch: (address, options = {}) => log.touch(address, { metadata: {}, ...options }) }),
  ),
  logMutant(
    "touch-creates",
    "log/touch-changes-what-is-given",
    "a touch of a missing session creates it",
    (log) => ({
      touch: async (address, options) => {
        const missing = (await log.head(address)) === undefined;
        const operation = { id: "touch", fingerprint: "touch" };
        if (missing) await log.append(address, [], { operation });
        return log.touch(address, options);
      },
    }),
  ),
];
