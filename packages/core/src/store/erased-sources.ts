import type { DocumentScope, SessionAddress } from "../address.ts";
import type { SeqRange, Tombstone } from "../events.ts";
import { conflict } from "../input/conflict.ts";
import { maxPageSize } from "../input/numbers.ts";
import { normalizeRanges, rangesInclude, rangesOf } from "../input/ranges.ts";
import type { MemoryError } from "../memory-error.ts";
import type { EventSource } from "../ports/document-sources.ts";
import type { ReadResult } from "../ports/event-log.ts";
import type { AdmittedTransferredDocument } from "./document-batch.ts";
import type { LogDriver, RemovedSource, StoreDriver } from "./driver.ts";
import { settle } from "./settle.ts";

/** The documents that an import writes. */
export interface RestoredDocuments {
  readonly scope: DocumentScope;
  readonly writes: readonly RestoredDocument[];
}

type RestoredDocument = Pick<AdmittedTransferredDocument, "derivedFrom" | "updatedAt" | "index">;

/** An erasure here that one of the documents has not seen. */
interface ErasedSource {
  readonly index: number;
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
 * What the documents repeat that was erased here since they were derived, in their order. Retractions, trims and erasures
 * that keep what was derived are no reason to refuse a document that was there before them: they do not remove one either.
 */
export async function erasedSources(
  { transfer, log }: Parts,
  { scope: { tenant }, writes }: RestoredDocuments,
  signal: AbortSignal | undefined,
): Promise<readonly ErasedSource[]> {
  const found: ErasedSource[] = [];
  for (const [session, documents] of bySession(writes)) {
    const address = { tenant, session };
    const here = await settle(transfer.export({ address, ...smallestExport, signal }));
    if (here === undefined) continue;
    const { incarnation, removalRevision: current } = here.head;
    const derived = documents.filter(({ events }) => events.incarnation === incarnation);
    const ranges = normalizeRanges(derived.flatMap(({ events }) => events.ranges));
    const removed = intersection(normalizeRanges(here.removed), ranges);
    const tombstones = await tombstonesIn(log, address, removed, signal);
    if (tombstones.length === 0) continue;
    for (const { events, updatedAt, index } of derived) {
      const unseen = normalizeRanges(
        here.removed.filter(({ revision }) => revision > events.removalRevision),
      );
      // By time too: the revisions of copies that both went on are counted apart.
      const erased = tombstones.filter(
        ({ seq, erasedAt }) =>
          rangesInclude(events.ranges, seq) && (erasedAt > updatedAt || rangesInclude(unseen, seq)),
      );
      if (erased.length === 0) continue;
      found.push({
        index,
        source: { session, incarnation, ranges: rangesOf(erased.map(({ seq }) => seq)) },
        error: conflict("removal", { removalRevision: current, index }),
      });
    }
  }
  return found.sort((left, right) => left.index - right.index);
}

type Derived = RestoredDocument & { readonly events: EventSource };

/** The documents that name events, by the session of these: one look is enough for all of them. */
function bySession(documents: readonly RestoredDocument[]): ReadonlyMap<string, readonly Derived[]> {
  const sessions = new Map<string, Derived[]>();
  for (const document of documents) {
    const events = document.derivedFrom?.events;
    if (events === undefined) continue;
    const known = sessions.get(events.session);
    if (known === undefined) sessions.set(events.session, [{ ...document, events }]);
    else known.push({ ...document, events });
  }
  return sessions;
}

async function tombstonesIn(
  log: LogDriver,
  address: SessionAddress,
  ranges: readonly SeqRange[],
  signal: AbortSignal | undefined,
): Promise<readonly Tombstone[]> {
  const erased: Tombstone[] = [];
  for (const { from, to } of ranges) {
    for (let after: number | undefined = from - 1; after !== undefined; ) {
      const page: ReadResult | undefined = await settle(
        log.read({ ...everything, address, after, before: to + 1, signal }),
      );
      for (const event of page?.events ?? [])
        if (event.erasedAt !== undefined && event.derived === undefined) erased.push(event);
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
  unlessToken: undefined,
} as const;

/** The parts that both have; each list is ascending and without overlap. */
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
