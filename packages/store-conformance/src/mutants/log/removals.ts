import {
  type AppendOptions,
  type EventInput,
  isConflict,
  type SeqRange,
  type SessionAddress,
} from "@relevo/core";
import { conflict, normalizeRanges, rangesIntersect } from "@relevo/core/input";
import type { FullLog } from "../../capabilities.ts";
import type { Mutant } from "../../harness.ts";
import type { StoreParts } from "../break-store.ts";
import { logMutant, sharedState, without } from "../log-mutant.ts";

interface Call {
  readonly address: SessionAddress;
  readonly events: readonly EventInput[];
  readonly options: AppendOptions;
  /** The removal revision of now. */
  readonly current: number;
}

function sourcesOf(events: readonly EventInput[]): readonly SeqRange[] {
  return normalizeRanges(events.flatMap(({ derivedFrom }) => derivedFrom ?? []));
}

/** A log that lets in what the original refuses because of a removal, where `forgives` says so. */
function lenient(
  id: string,
  target: string,
  defect: string,
  forgives: (call: Call, log: FullLog, parts: StoreParts) => boolean | Promise<boolean>,
  replace: (log: FullLog, parts: StoreParts) => Partial<FullLog> = () => ({}),
): Mutant {
  return logMutant(id, target, defect, (log, parts) => ({
    ...replace(log, parts),
    append: async (address, events, options = {}) => {
      try {
        return await log.append(address, events, options);
      } catch (error) {
        if (!isConflict(error, "removal")) throw error;
        const { incarnation, removalRevision } = await log.read(address, { limit: 1 });
        const call = { address, events, options, current: removalRevision };
        if (incarnation === undefined || !(await forgives(call, log, parts))) throw error;
        return log.append(address, events, { ...options, incarnation, removalRevision });
      }
    },
  }));
}

/** A log that refuses as if something had been removed, where `refuses` says so. */
function strict(
  id: string,
  target: string,
  defect: string,
  refuses: (call: Call, log: FullLog) => boolean | Promise<boolean>,
): Mutant {
  return logMutant(id, target, defect, (log) => ({
    append: async (address, events, options = {}) => {
      const { removalRevision: current } = await log.read(address, { limit: 1 });
      if (sourcesOf(events).length > 0 && (await refuses({ address, events, options, current }, log)))
        throw conflict("removal", { removalRevision: current });
      return log.append(address, events, options);
    },
  }));
}

export const removalMutants: readonly Mutant[] = [
  logMutant(
    "removal-revision-is-the-revision",
    "log/removal-revision-tells-of-removals",
    "every write moves the removal revision",
    (log) => ({
      read: async (address, options) => {
        const result = await log.read(address, options);
        return { ...result, removalRevision: result.revision };
      },
      head: async (address, options) => {
        const head = await log.head(address, options);
        return head && { ...head, removalRevision: head.revision };
      },
    }),
  ),
  logMutant(
    "erase-keeps-its-revision-to-itself",
    "log/removal-revision-tells-of-removals",
    "an erase does not tell the removal revision that it led to",
    (log) => ({
      erase: async (address, options) => {
        const { removalRevision } = await log.read(address, { limit: 1 });
        return { ...(await log.erase(address, options)), removalRevision };
      },
    }),
  ),
  lenient(
    "derived-content-is-not-checked",
    "log/derived-from-the-removed-is-refused",
    "what is derived from removed events is let in",
    () => true,
  ),
  lenient(
    "only-erasures-refuse",
    "log/derived-from-the-removed-is-refused",
    "what is derived from retracted or trimmed events is let in",
    async ({ address }, log) =>
      (await log.read(address, { retracted: "include", limit: 1000 })).events.every(
        ({ erasedAt }) => erasedAt === undefined,
      ),
  ),
  lenient(
    "only-the-first-range-is-checked",
    "log/derived-from-the-removed-is-refused",
    "of what a batch is derived from, only the first range of the first event is looked at",
    async ({ address, events }, log) => {
      const first = events[0]?.derivedFrom?.[0];
      if (first === undefined) return true;
      const { events: left } = await log.read(address, {
        after: first.from - 1,
        before: first.to + 1,
        limit: 1000,
      });
      return left.filter(({ erasedAt }) => erasedAt === undefined).length === first.to - first.from + 1;
    },
  ),
  strict(
    "any-removal-refuses",
    "log/removal-elsewhere-refuses-nothing",
    "a derived event is refused after every removal, whatever was removed",
    ({ options, current }) => options.removalRevision !== undefined && options.removalRevision !== current,
  ),
  strict(
    "any-append-refuses",
    "log/removal-elsewhere-refuses-nothing",
    "a derived event is refused when others have appended since",
    async ({ address, events }, log) => {
      const { version } = await log.read(address, { limit: 1 });
      return version > Math.max(...sourcesOf(events).map(({ to }) => to));
    },
  ),
  strict(
    "old-removals-refuse",
    "log/removed-before-the-read-refuses-nothing",
    "a derived event is refused when an event that it names was removed before its writer read",
    async ({ address, events }, log) => {
      const named = sourcesOf(events);
      const head = await log.head(address);
      if (named.some(({ from }) => from < (head?.firstSeq ?? 1))) return true;
      const { events: all } = await log.read(address, { retracted: "include", limit: 1000 });
      return all.some(
        ({ seq, erasedAt, retractedBy }) =>
          (erasedAt ?? retractedBy) !== undefined && rangesIntersect(named, [{ from: seq, to: seq }]),
      );
    },
  ),
  lenient(
    "removal-remembers-what-was-asked",
    "log/removal-follows-derivation",
    "what an erasure or retraction takes out besides what it names may be repeated",
    ({ events }) => !rangesIntersect(sourcesOf(events), [{ from: 1, to: 6 }]),
  ),
  lenient(
    "unnamed-is-not-checked",
    "log/unnamed-removal-revision-is-zero",
    "a derived event without a removal revision is let in",
    ({ options }) => options.removalRevision === undefined,
  ),
  logMutant(
    "everything-is-checked",
    "log/unnamed-removal-revision-is-zero",
    "an old removal revision refuses events that are derived from nothing too",
    (log) => ({
      append: async (address, events, options = {}) => {
        const { removalRevision: current } = await log.read(address, { limit: 1 });
        if (options.removalRevision !== undefined && options.removalRevision < current)
          throw conflict("removal", { removalRevision: current });
        return log.append(address, events, options);
      },
    }),
  ),
  lenient(
    "any-future-is-believed",
    "log/removal-revision-must-have-been",
    "a removal revision that never was is taken for the newest",
    ({ options, current }) => (options.removalRevision ?? 0) > current,
  ),
  strict(
    "removal-before-replay",
    "log/removal-is-checked-last",
    "the retry of an append is refused when its sources were removed since",
    ({ options, current }) => options.operation !== undefined && options.removalRevision !== current,
  ),
  strict(
    "removal-before-version",
    "log/removal-is-checked-last",
    "the removals are looked at before the expected version",
    ({ options, current }) => options.expectedVersion !== undefined && options.removalRevision !== current,
  ),
  strict(
    "own-retraction-refuses",
    "log/own-retraction-refuses-nothing",
    "an event may not repeat what its own append retracts",
    ({ events }) =>
      events.some(
        (event) => event.type === "retraction" && rangesIntersect(sourcesOf(events), event.body.ranges),
      ),
  ),
  lenient(
    "only-a-hundred-removals-are-known",
    "log/many-removals-are-remembered",
    "removals before the newest hundred are forgotten",
    ({ events }, _log, parts) => {
      const newest = sharedState(parts, "removed", (): SeqRange[][] => []).slice(-100);
      return !rangesIntersect(sourcesOf(events), newest.flat());
    },
    (log, parts) => ({
      erase: async (address, options) => {
        sharedState(parts, "removed", (): SeqRange[][] => []).push([...options.seqs]);
        return log.erase(address, options);
      },
    }),
  ),
  strict(
    "many-removals-are-one",
    "log/many-removals-are-remembered",
    "when much was removed since, everything counts as removed",
    ({ options, current }) => current - (options.removalRevision ?? 0) > 30,
  ),
  logMutant(
    "removals-are-checked-early",
    "log/derived-content-loses-every-race",
    "the removals are looked at before the write, and may come in between",
    (log) => ({
      append: async (address, events, options = {}) => {
        const { incarnation, removalRevision } = await log.read(address, { limit: 1 });
        if (sourcesOf(events).length === 0 || incarnation === undefined)
          return log.append(address, events, options);
        if (options.removalRevision !== removalRevision) throw conflict("removal", { removalRevision });
        for (let turn = 0; turn < 3; turn++) await log.head(address);
        const { removalRevision: late } = await log.read(address, { limit: 1 });
        return log.append(address, events, {
          ...without(options, "removalRevision"),
          incarnation,
          removalRevision: late,
        });
      },
    }),
  ),
];
