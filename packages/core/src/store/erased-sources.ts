import type { DocumentScope, SessionAddress } from "../address.ts";
import type { SeqRange } from "../events.ts";
import { conflict } from "../input/conflict.ts";
import { maxPageSize } from "../input/numbers.ts";
import { normalizeRanges, rangesOf } from "../input/ranges.ts";
import type { MemoryError } from "../memory-error.ts";
import type { ReadResult, TransferBatch } from "../ports/event-log.ts";
import type { AdmittedTransferredDocument } from "./document-batch.ts";
import type { LogDriver, RemovedSource, StoreDriver } from "./driver.ts";
import { settle } from "./settle.ts";

/** The documents that an import writes. */
export interface RestoredDocuments {
  readonly scope: DocumentScope;
  readonly writes: readonly Pick<AdmittedTransferredDocument, "derivedFrom" | "index">[];
}

/** An erasure here that one of the documents has not seen. */
interface ErasedSource {
  readonly source: RemovedSource;
  readonly error: MemoryError;
}

/** Of an export: the head, what was removed and when, and no event. */
export const smallestExport: { readonly after: number; readonly limit: number } = {
  after: Number.MAX_SAFE_INTEGER - 1000,
  limit: 1,
};

type Parts = Pick<StoreDriver, "transfer" | "log">;

/**
 * What the documents repeat that was erased here since they were derived, in their order. Retractions and trims are no
 * reason to refuse a document that was there before them: they do not remove one either.
 */
export async function erasedSources(
  { transfer, log }: Parts,
  { scope: { tenant }, writes }: RestoredDocuments,
  signal: AbortSignal | undefined,
): Promise<readonly ErasedSource[]> {
  const found: ErasedSource[] = [];
  // One look for all documents of a session: many are derived from the same one.
  const sessions = new Map<string, TransferBatch | undefined>();
  for (const { derivedFrom, index } of writes) {
    if (derivedFrom?.events === undefined) continue;
    const { session, incarnation, removalRevision, ranges } = derivedFrom.events;
    const address = { tenant, session };
    if (!sessions.has(session))
      sessions.set(session, await settle(transfer.export({ address, ...smallestExport, signal })));
    const here = sessions.get(session);
    if (here === undefined || here.head.incarnation !== incarnation) continue;
    const removed = here.removed.filter(({ revision }) => revision > removalRevision);
    const erased = await tombstonesIn(log, address, intersection(normalizeRanges(removed), ranges), signal);
    if (erased.length === 0) continue;
    found.push({
      source: { session, incarnation, ranges: rangesOf(erased) },
      error: conflict("removal", { removalRevision: here.head.removalRevision, index }),
    });
  }
  return found;
}

async function tombstonesIn(
  log: LogDriver,
  address: SessionAddress,
  ranges: readonly SeqRange[],
  signal: AbortSignal | undefined,
): Promise<readonly number[]> {
  const erased: number[] = [];
  for (const { from, to } of ranges) {
    for (let after: number | undefined = from - 1; after !== undefined; ) {
      const page: ReadResult | undefined = await settle(
        log.read({ ...everything, address, after, before: to + 1, signal }),
      );
      for (const { seq, erasedAt } of page?.events ?? []) if (erasedAt !== undefined) erased.push(seq);
      after = page?.next;
    }
  }
  return erased;
}

const everything = {
  limit: maxPageSize,
  direction: "forward",
  types: undefined,
  agent: undefined,
  pinned: undefined,
  atVersion: undefined,
  retracted: "include",
  below: undefined,
} as const;

/** What stands in both, each ascending and apart. */
function intersection(left: readonly SeqRange[], right: readonly SeqRange[]): readonly SeqRange[] {
  const both: SeqRange[] = [];
  let index = 0;
  for (const a of left) {
    // One that reaches further meets the next as well.
    for (; index < right.length; index++) {
      const b = right[index] as SeqRange;
      const range = { from: Math.max(a.from, b.from), to: Math.min(a.to, b.to) };
      if (range.from <= range.to) both.push(range);
      if (b.to > a.to) break;
    }
  }
  return both;
}
