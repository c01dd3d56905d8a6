import { isEvent, MemoryError, type SessionHead, type StoredEvent, type TransferBatch } from "@relevo/core";
import { conflict } from "@relevo/core/input";
import { present } from "../expect.ts";
import type { Mutant } from "../harness.ts";
import { addressKey, logMutant, without } from "./log-mutant.ts";

function exportMutant(
  id: string,
  target: string,
  defect: string,
  change: (batch: TransferBatch) => TransferBatch,
): Mutant {
  return logMutant(id, target, defect, (log) => ({
    exportEvents: async (...call) => {
      const batch = await log.exportEvents(...call);
      return batch && change(batch);
    },
  }));
}

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

/** An import whose refusals are swallowed. */
function quietImport(id: string, target: string, defect: string): Mutant {
  return logMutant(id, target, defect, (log) => ({
    importEvents: async (address, batch) => {
      try {
        return await log.importEvents(address, batch);
      } catch (error) {
        if (!MemoryError.isInstance(error)) throw error;
        return (await log.head(address)) ?? batch.head;
      }
    },
  }));
}

function mapEvents(batch: TransferBatch, change: (event: StoredEvent) => StoredEvent): TransferBatch {
  return { ...batch, events: batch.events.map(change) };
}

/** The stores that the cases of transfer must catch. */
export const transferMutants: readonly Mutant[] = [
  logMutant("seal-is-only-told", "transfer/seal-refuses-writes", "a seal keeps no writer out", (log) => ({
    seal: async (address) => {
      const head = present(await log.touch(address, { ttlMs: 600_000 }), "the head");
      return { ...without(head, "expiresAt"), sealed: true };
    },
  })),
  logMutant(
    "seal-lets-touches-in",
    "transfer/seal-refuses-writes",
    "a sealed session can be touched",
    (log) => ({
      touch: async (address, options) => {
        const sealed = (await log.head(address))?.sealed === true;
        if (sealed) await log.unseal(address);
        const head = await log.touch(address, options);
        if (sealed) await log.seal(address);
        return head;
      },
    }),
  ),
  logMutant(
    "seal-lets-trims-in",
    "transfer/seal-refuses-writes",
    "a sealed session can be trimmed",
    (log) => ({
      trim: async (address, options) => {
        const sealed = (await log.head(address))?.sealed === true;
        if (sealed) await log.unseal(address);
        const result = await log.trim(address, options);
        if (sealed) await log.seal(address);
        return result;
      },
    }),
  ),
  logMutant(
    "seal-comes-before-replay",
    "transfer/seal-refuses-writes",
    "a retry is refused because the session is sealed",
    (log) => ({
      append: async (address, events, options) => {
        if ((await log.head(address))?.sealed === true) throw conflict("sealed", {});
        return log.append(address, events, options);
      },
    }),
  ),
  logMutant(
    "seal-locks-out-the-delete",
    "transfer/seal-allows-erase-and-delete",
    "a sealed session cannot be deleted",
    (log) => ({
      delete: async (address, options) =>
        (await log.head(address))?.sealed === true ? false : log.delete(address, options),
    }),
  ),
  logMutant(
    "seal-locks-out-the-erase",
    "transfer/seal-allows-erase-and-delete",
    "a sealed session cannot be erased from",
    (log) => ({
      erase: async (address, options) => {
        const head = await log.head(address);
        if (head?.sealed !== true) return log.erase(address, options);
        const { revision, removalRevision } = head;
        return { erased: [], revision, removalRevision };
      },
    }),
  ),
  logMutant(
    "unseal-does-nothing",
    "transfer/unseal-allows-writes",
    "an unsealed session stays sealed",
    (log) => ({
      unseal: async (address) => {
        const head = present(await log.head(address), "the head");
        return without(head, "sealed");
      },
    }),
  ),
  logMutant(
    "seal-ignores-the-version",
    "transfer/seal-is-guarded",
    "the expected version of a seal is not looked at",
    (log) => ({
      seal: (address, options = {}) => log.seal(address, without(options, "expectedVersion")),
    }),
  ),
  logMutant(
    "unseal-ignores-the-incarnation",
    "transfer/seal-is-guarded",
    "the incarnation of an unseal is not looked at",
    (log) => ({
      unseal: (address) => log.unseal(address),
    }),
  ),
  exportMutant(
    "export-leaves-tombstones-out",
    "transfer/export-shows-everything",
    "an export leaves tombstones out",
    (batch) => ({
      ...batch,
      events: batch.events.filter(({ erasedAt }) => erasedAt === undefined),
    }),
  ),
  exportMutant(
    "export-leaves-retracted-out",
    "transfer/export-shows-everything",
    "an export leaves retracted events out",
    (batch) => ({
      ...batch,
      events: batch.events.filter(({ retractedBy }) => retractedBy === undefined),
    }),
  ),
  exportMutant(
    "export-forgets-the-lifetime",
    "transfer/export-shows-everything",
    "an export does not tell the lifetime",
    (batch) => without(batch, "ttlMs"),
  ),
  logMutant(
    "export-knows-no-bytes",
    "transfer/export-ends-by-bytes",
    "an export gives as many events as were asked for, however big they are",
    (log) => ({
      exportEvents: async (address, options = {}) => {
        const { limit = 100 } = options;
        const first = await log.exportEvents(address, options);
        if (first === undefined) return undefined;
        const { events, operations } = { events: [...first.events], operations: [...first.operations] };
        for (let last = events.at(-1)?.seq; last !== undefined && events.length < limit; ) {
          if (last >= first.head.version) break;
          const more = present(
            await log.exportEvents(address, { after: last, limit: limit - events.length }),
            "the rest",
          );
          events.push(...more.events);
          operations.push(...more.operations);
          last = more.events.at(-1)?.seq;
        }
        return { ...first, events, operations };
      },
    }),
  ),
  importMutant(
    "import-records-anew",
    "transfer/import-keeps-everything",
    "imported events are recorded at the time of the import",
    (batch) => mapEvents(batch, (event) => ({ ...event, recordedAt: event.recordedAt + 1 })),
  ),
  logMutant(
    "import-forgets-retractions",
    "transfer/import-keeps-everything",
    "what was retracted before the transfer is effective in the copy",
    (log, parts) => ({
      importEvents: (address, batch) => {
        parts.shared.set(addressKey(address), true);
        return log.importEvents(address, batch);
      },
      read: (address, options = {}) =>
        log.read(
          address,
          parts.shared.has(addressKey(address)) ? { ...options, retracted: "include" } : options,
        ),
    }),
  ),
  importMutant(
    "import-forgets-the-owner",
    "transfer/import-keeps-everything",
    "a copy has no subject",
    (batch) => ({
      ...batch,
      head: without(batch.head, "subject"),
    }),
  ),
  importMutant(
    "import-forgets-the-lifetime",
    "transfer/import-keeps-everything",
    "a copy lives for ever",
    (batch) => ({
      ...without(batch, "ttlMs"),
      head: without(batch.head, "expiresAt"),
    }),
  ),
  logMutant(
    "copy-is-open",
    "transfer/import-keeps-everything",
    "a copy takes writes before it is unsealed",
    (log) => ({
      importEvents: async (address, batch) => {
        const head = await log.importEvents(address, batch);
        if (head.version === batch.head.version) await log.unseal(address);
        return head;
      },
    }),
  ),
  logMutant(
    "import-doubles",
    "transfer/import-is-idempotent",
    "a batch that comes again is appended again",
    (log) => ({
      importEvents: async (address, batch): Promise<SessionHead> => {
        const known = (await log.head(address))?.version ?? 0;
        const again = batch.events.filter((event) => event.seq <= known && isEvent(event, "message"));
        if (again.length === 0) return log.importEvents(address, batch);
        await log.unseal(address);
        await log.append(
          address,
          again.map(() => ({ type: "x-again", body: null })),
        );
        return log.seal(address);
      },
    }),
  ),
  quietImport(
    "other-content-is-passed-over",
    "transfer/import-refuses-other-content",
    "an event with other content is passed over in silence",
  ),
  quietImport(
    "strangers-are-passed-over",
    "transfer/import-refuses-other-incarnations",
    "an import where another incarnation lives does nothing, in silence",
  ),
  logMutant(
    "strangers-are-replaced",
    "transfer/import-refuses-other-incarnations",
    "an import deletes the incarnation that lives there",
    (log) => ({
      importEvents: async (address, batch) => {
        const head = await log.head(address);
        if (head !== undefined && head.incarnation !== batch.head.incarnation) await log.delete(address);
        return log.importEvents(address, batch);
      },
    }),
  ),
  quietImport(
    "gaps-are-passed-over",
    "transfer/import-refuses-gaps",
    "a batch behind a gap is passed over in silence",
  ),
  exportMutant(
    "operations-stay-behind",
    "transfer/operations-travel",
    "operations are not exported",
    (batch) => ({
      ...batch,
      operations: [],
    }),
  ),
  exportMutant(
    "empty-operations-stay-behind",
    "transfer/operations-travel",
    "operations without events are not exported",
    (batch) => ({
      ...batch,
      operations: batch.operations.filter(({ result }) => result.firstSeq <= result.version),
    }),
  ),
  exportMutant(
    "trimmed-operations-stay-behind",
    "transfer/operations-travel",
    "operations of trimmed events are not exported",
    (batch) => ({
      ...batch,
      operations: batch.operations.filter(({ result }) => result.version >= batch.head.firstSeq),
    }),
  ),
  logMutant(
    "copy-of-nothing-starts-again",
    "transfer/trimmed-sessions-travel",
    "a session of which nothing is left arrives as a new one",
    (log) => ({
      importEvents: async (address, batch) => {
        if (batch.events.length > 0) return log.importEvents(address, batch);
        await log.append(address, [], { operation: { id: "import", fingerprint: "import" } });
        return log.seal(address);
      },
    }),
  ),
  logMutant(
    "delete-loses-late-writes",
    "transfer/archive-procedure",
    "the delete of an archived session ignores what slipped in",
    (log) => ({
      delete: (address, options = {}) => log.delete(address, without(options, "expectedVersion")),
    }),
  ),
  logMutant("crash-blocks-the-archive", "transfer/archive-procedure", "a second seal is refused", (log) => ({
    seal: async (address, options) => {
      if ((await log.head(address))?.sealed === true)
        throw new MemoryError("conflict", "The session is sealed.");
      return log.seal(address, options);
    },
  })),
];
