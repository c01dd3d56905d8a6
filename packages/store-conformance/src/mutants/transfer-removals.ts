import { MemoryError, maxImportedVersion, type SessionHead, type TransferBatch } from "@relevo/core";
import type { Mutant } from "../harness.ts";
import { logMutant } from "./log-mutant.ts";

function importMutant(
  id: string,
  target: string,
  defect: string,
  change: (batch: TransferBatch) => TransferBatch,
): Mutant {
  return logMutant(id, target, defect, (log) => ({
    importEvents: (address, batch) => log.importEvents(address, change(batch)),
  }));
}

/** The head with these figures brought within what an import takes. */
function bounded(head: SessionHead): SessionHead {
  const version = Math.min(head.version, maxImportedVersion);
  return { ...head, version, revision: Math.min(head.revision, maxImportedVersion), firstSeq: version };
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
    "copies-take-everything-for-removed",
    "transfer/removals-travel",
    "a copy takes everything for removed that its source had",
    (batch) => {
      const { version: to, removalRevision: revision } = batch.head;
      return { ...batch, removed: revision === 0 ? [] : [{ from: 1, to, revision }] };
    },
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
