import {
  type CallOptions,
  type Document,
  type DocumentDelete,
  type FindOptions,
  isConflict,
  unitOf,
} from "@relevo/core";
import type { MemoryStore } from "../runtime.ts";
import { documentsAtOnce } from "./erase-session.ts";

/** Which documents, and what is to happen with them. */
export interface ErasedDocuments extends CallOptions {
  readonly filter: Pick<FindOptions, "namespacePrefix" | "tags">;
  /** Only those that were written at or before this time, by the store's clock. */
  readonly until?: number | undefined;
  /** Which of them stay. */
  readonly except?: ((document: Document) => boolean) | undefined;
  readonly dryRun: boolean;
  /** Receives each page before it is removed and after. */
  readonly forget?: ((documents: readonly Document[]) => Promise<void>) | undefined;
}

/** Removes the tenant's documents outside of sessions that the filter finds, page by page; returns how many there were. */
export async function eraseDocuments(
  { documents, limits }: MemoryStore,
  tenant: string,
  { filter, until = Number.POSITIVE_INFINITY, except, dryRun, forget, signal }: ErasedDocuments,
): Promise<number> {
  const limit = Math.min(documentsAtOnce, limits.batchItems);
  let count = 0;
  let cursor: string | undefined;
  do {
    const page = await documents.find({ tenant }, { ...filter, limit, cursor, signal });
    const chosen = page.items.filter(
      (document) => document.updatedAt <= until && except?.(document) !== true,
    );
    if (dryRun) count += chosen.length;
    else if (chosen.length > 0) {
      await forget?.(chosen);
      for (const deletes of byUnit(tenant, chosen, until))
        count += await remove(documents, deletes, { signal });
      await forget?.(chosen);
    }
    cursor = page.cursor;
  } while (cursor !== undefined);
  return count;
}

/** Batches of one owner each. What has a last time is not removed in a newer version. */
function byUnit(
  tenant: string,
  documents: readonly Document[],
  until: number,
): Iterable<readonly DocumentDelete[]> {
  const units = new Map<string, DocumentDelete[]>();
  for (const { namespace, key, version } of documents) {
    const address = { tenant, namespace, key };
    const unit = JSON.stringify(unitOf(address));
    const deletes = units.get(unit) ?? [];
    units.set(unit, deletes);
    deletes.push(Number.isFinite(until) ? { address, expectedVersion: version } : { address });
  }
  return units.values();
}

async function remove(
  documents: MemoryStore["documents"],
  deletes: readonly DocumentDelete[],
  options: CallOptions,
): Promise<number> {
  try {
    return await documents.deleteMany(deletes, options);
  } catch (error) {
    if (!isConflict(error, "version") || deletes.length === 0) throw error;
    // One of them was written again meanwhile, and stays.
    let count = 0;
    for (const one of deletes) {
      try {
        count += await documents.deleteMany([one], options);
      } catch (single) {
        if (!isConflict(single, "version")) throw single;
      }
    }
    return count;
  }
}
