import type { TrimOptions } from "@relevo/core";
import type { Mutant } from "../../harness.ts";
import { logMutant, without } from "../log-mutant.ts";

/** What a trim that found nothing answers. */
const nothing = { removed: 0, firstSeq: 1, more: false, removalRevision: 0 } as const;

export const trimMutants: readonly Mutant[] = [
  logMutant("trim-does-nothing", "log/trim-before-seq", "a trim removes nothing", () => ({
    trim: async () => nothing,
  })),
  logMutant(
    "trim-includes-its-bound",
    "log/trim-before-seq",
    "`beforeSeq` removes the event with that seq too",
    (log) => ({
      trim: (address, options) => {
        const { beforeSeq } = options as { readonly beforeSeq?: number };
        return log.trim(address, beforeSeq === undefined ? options : { beforeSeq: beforeSeq + 1 });
      },
    }),
  ),
  logMutant(
    "trim-only-erases",
    "log/trim-before-seq",
    "a trim blanks events instead of removing them",
    (log) => ({
      trim: async (address, options) => {
        const to = (options as { readonly beforeSeq?: number }).beforeSeq ?? 1;
        const seqs = to < 2 ? [] : [{ from: 1, to: to - 1 }];
        const { erased, removalRevision } = await log.erase(address, { seqs });
        return { removed: erased.length, firstSeq: to, more: false, removalRevision };
      },
    }),
  ),
  logMutant(
    "trim-of-any-incarnation",
    "log/trim-names-its-incarnation",
    "a trim takes whatever incarnation it finds",
    (log) => ({
      trim: (address, options) => log.trim(address, without(options, "incarnation")),
    }),
  ),
  logMutant(
    "trim-restarts-seq",
    "log/trim-of-everything-keeps-the-session",
    "a trim of everything ends the session, and seq starts again at 1",
    (log) => ({
      trim: async (address, options) => {
        const result = await log.trim(address, options);
        const head = await log.head(address);
        if (head?.events === 0) await log.delete(address);
        return result;
      },
    }),
  ),
  logMutant(
    "trim-forgets-operations",
    "log/trim-of-everything-keeps-the-session",
    "with the events their operations are forgotten",
    (log, parts) => ({
      trim: (address, options) => {
        parts.shared.set("trimmed", true);
        return log.trim(address, options);
      },
      append: (address, events, options = {}) =>
        log.append(address, events, parts.shared.has("trimmed") ? without(options, "operation") : options),
    }),
  ),
  logMutant(
    "trim-includes-its-time",
    "log/trim-older-than",
    "`olderThan` removes what was recorded at that time too",
    (log) => ({
      trim: (address, options) => {
        const { olderThan } = options as { readonly olderThan?: number };
        return log.trim(address, olderThan === undefined ? options : { olderThan: olderThan + 1 });
      },
    }),
  ),
  logMutant("trim-by-time-does-nothing", "log/trim-older-than", "`olderThan` removes nothing", (log) => ({
    trim: async (address, options) => ("olderThan" in options ? nothing : log.trim(address, options)),
  })),
  logMutant(
    "trim-goes-by-the-last-old-event",
    "log/trim-takes-a-prefix",
    "`olderThan` removes everything up to the last event that is older, newer ones before it included",
    (log) => ({
      trim: async (address, options) => {
        const { olderThan } = options as { readonly olderThan?: number };
        if (olderThan === undefined) return log.trim(address, options);
        const { events } = await log.read(address, { retracted: "include", limit: 1000 });
        const last = events.findLast(({ recordedAt }) => recordedAt < olderThan)?.seq ?? 0;
        return log.trim(address, { beforeSeq: last + 1 });
      },
    }),
  ),
  logMutant("trim-creates", "log/trim-of-nothing", "a trim of a missing session creates it", (log) => ({
    trim: async (address, options) => {
      await log
        .append(address, [], { operation: { id: "trim", fingerprint: `${performance.now()}` } })
        .catch(() => 0);
      return log.trim(address, options);
    },
  })),
  logMutant(
    "trim-takes-both-bounds",
    "log/trim-of-nothing",
    "a trim with two bounds takes the first",
    (log) => ({
      trim: (address, options) => {
        const bounds = options as { readonly beforeSeq?: number; readonly olderThan?: number };
        const both = bounds.beforeSeq !== undefined && bounds.olderThan !== undefined;
        return log.trim(address, both ? (without(bounds, "olderThan") as TrimOptions) : options);
      },
    }),
  ),
  logMutant(
    "trim-brings-retracted-back",
    "log/trim-keeps-the-effect-of-retractions",
    "after a trim retracted events are effective again",
    (log, parts) => ({
      trim: (address, options) => {
        parts.shared.set("trimmed", true);
        return log.trim(address, options);
      },
      read: (address, options = {}) =>
        log.read(address, parts.shared.has("trimmed") ? { ...options, retracted: "include" } : options),
    }),
  ),
];
