import { MemoryError, type SessionHead, type StoredEvent, type TransferBatch } from "@relevo/core";
import { maxImportedVersion } from "@relevo/core/store";
import type { FullLog } from "../capabilities.ts";
import type { Mutant } from "../harness.ts";
import type { StoreParts } from "./break-store.ts";
import { addressKey, logMutant, sharedState, without } from "./log-mutant.ts";

function importMutant(
  id: string,
  target: string,
  defect: string,
  change: (batch: TransferBatch, isNew: boolean) => TransferBatch,
): Mutant {
  return logMutant(id, target, defect, (log) => ({
    importEvents: async (address, batch) =>
      log.importEvents(address, change(batch, (await log.head(address)) === undefined)),
  }));
}

/** A retraction that names nothing which the session has. */
function withoutRanges(event: StoredEvent): StoredEvent {
  if (event.type !== "retraction") return event;
  const ranges = [{ from: event.seq, to: event.seq }];
  return { ...event, body: { ...event.body, ranges } } as StoredEvent;
}

/** The head with these figures brought within what an import takes. */
function bounded(head: SessionHead): SessionHead {
  const version = Math.min(head.version, maxImportedVersion);
  return { ...head, version, revision: Math.min(head.revision, maxImportedVersion), firstSeq: version };
}

/** Sessions into which a retraction was imported. */
function retractingImports(parts: StoreParts): Set<string> {
  return sharedState(parts, "retracting imports", () => new Set<string>());
}

function noting(log: FullLog, retracting: Set<string>): FullLog["importEvents"] {
  return async (address, batch, options) => {
    const head = await log.importEvents(address, batch, options);
    if (batch.events.some(({ type }) => type === "retraction")) retracting.add(addressKey(address));
    return head;
  };
}

export const transferRemovalMutants: readonly Mutant[] = [
  importMutant(
    "removals-stay-behind",
    "transfer/removals-travel",
    "a copy does not know what was removed from its source",
    (batch) => ({ ...batch, removed: [] }),
  ),
  importMutant(
    "removal-revision-stays-behind",
    "transfer/removals-travel",
    "the removal revision of a copy starts at 0",
    (batch) => ({ ...batch, head: { ...batch.head, removalRevision: 0 }, removed: [] }),
  ),
  importMutant(
    "copies-forget-what-was-kept",
    "transfer/kept-derivations-travel",
    "an import erases what was derived from an event although the source kept it",
    (batch) => ({
      ...batch,
      events: batch.events.map((event) => (event.erasedAt === undefined ? event : without(event, "derived"))),
    }),
  ),
  importMutant(
    "copies-take-everything-for-removed",
    "transfer/removals-travel",
    "a copy takes everything for removed that its source had",
    (batch) => {
      const { version: to, removalRevision: revision } = batch.head;
      return { ...batch, removed: revision === 0 ? [] : [{ from: 1, to, revision }] };
    },
  ),
  logMutant(
    "later-retractions-have-no-effect",
    "transfer/later-retractions-take-effect",
    "a retraction leaves what was imported before it effective",
    (log, parts) => {
      const retracting = retractingImports(parts);
      return {
        importEvents: noting(log, retracting),
        read: (address, options = {}) =>
          log.read(
            address,
            options.retracted === undefined && retracting.has(addressKey(address))
              ? { ...options, retracted: "include" }
              : options,
          ),
      };
    },
  ),
  logMutant(
    "later-retractions-are-no-removals",
    "transfer/later-retractions-take-effect",
    "what an import retracts is not remembered as removed",
    (log, parts) => {
      const retracting = retractingImports(parts);
      return {
        importEvents: noting(log, retracting),
        async append(address, events, options = {}) {
          const derives = events.some(({ derivedFrom }) => derivedFrom !== undefined);
          const head = derives && retracting.has(addressKey(address)) ? await log.head(address) : undefined;
          if (head === undefined) return log.append(address, events, options);
          const { incarnation, removalRevision } = head;
          return log.append(address, events, { ...options, incarnation, removalRevision });
        },
      };
    },
  ),
  importMutant(
    "retractions-of-a-batch-have-no-effect",
    "transfer/retractions-of-a-batch-take-effect",
    "events of a new session that its batch does not mark stay effective, whatever it retracts",
    (batch, isNew) => (isNew ? { ...batch, events: batch.events.map(withoutRanges) } : batch),
  ),
  logMutant(
    "great-versions-are-clamped",
    "transfer/import-leaves-room-for-numbers",
    "a version without room for appends is made smaller instead of refused",
    (log) => ({
      importEvents: async (address, batch) => {
        try {
          return await log.importEvents(address, batch);
        } catch (error) {
          if (!MemoryError.isInstance(error, "invalid-input")) throw error;
          const head = bounded(batch.head);
          const events = batch.events.map((event) => ({ ...event, seq: head.version }));
          return log.importEvents(address, { ...batch, head, events });
        }
      },
    }),
  ),
];
