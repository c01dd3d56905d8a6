import {
  allPages,
  type CallOptions,
  type Document,
  type DocumentTransfer,
  type EventLog,
  type EventTransfer,
  type FindOptions,
  isDocumentTransfer,
  isEventTransfer,
  MemoryError,
  type OperationRecord,
  type SessionHead,
  type StoredEvent,
  type TransferBatch,
} from "@relevo/core";
import { archivedAt, fromArchived } from "../archive/archived-batch.ts";
import { documentsAtOnce } from "../erasure/erase-session.ts";
import type { MemoryStore } from "../runtime.ts";
import type { ExportLine } from "./export-format.ts";
import { isPassing } from "./scope.ts";

/** Events on one page: each may be large, and a page is held at once. */
const eventsAtOnce = 100;

/** @throws `unsupported` for a store that does not move data. */
export function transferOf({ log, documents }: MemoryStore): {
  readonly log: EventLog & EventTransfer;
  readonly documents: MemoryStore["documents"] & DocumentTransfer;
} {
  if (!isEventTransfer(log) || !isDocumentTransfer(documents))
    throw new MemoryError("unsupported", "This store does not move data: it has no export and import.");
  return { log, documents };
}

/**
 * A session as it was when its first page was read. One that ends meanwhile has no more lines, and a last one that says
 * so.
 */
export async function* sessionLines(
  store: MemoryStore,
  tenant: string,
  session: string,
  { signal }: CallOptions,
): AsyncGenerator<ExportLine, void, void> {
  const { log, documents } = transferOf(store);
  const address = { tenant, session };
  const ended: ExportLine = { kind: "ended", session };
  let first: TransferBatch | undefined;
  const waiting: OperationRecord[] = [];
  let after = 0;
  for (let more = true; more; ) {
    const batch = await log.exportEvents(address, { after, limit: eventsAtOnce, signal });
    if (batch === undefined && first === undefined) return;
    if (batch === undefined || batch.head.incarnation !== (first ?? batch).head.incarnation) {
      yield ended;
      return;
    }
    if (first === undefined) yield { kind: "session", ...factsOf(batch) };
    first ??= batch;
    const { version, firstSeq } = first.head;
    const expected = Math.max(after + 1, firstSeq);
    if ((batch.events[0]?.seq ?? version + 1) > expected) throw trimmedMeanwhile(session);
    waiting.push(...batch.operations.filter(({ result }) => result.version <= version).sort(byVersion));
    for (const event of batch.events) {
      if (event.seq > version) break;
      yield* operationLines(session, waiting, event.seq - 1);
      yield eventLine(session, event, version, batch);
      after = event.seq;
    }
    more = batch.events.length > 0 && after < version;
    if (!more) yield* operationLines(session, waiting, version);
  }
  if (first === undefined) return;
  for (let cursor: string | undefined; ; ) {
    const batch = await documents.exportDocuments(address, { cursor, limit: documentsAtOnce, signal });
    if (batch === undefined || batch.incarnation !== first.head.incarnation) {
      yield ended;
      return;
    }
    for (const document of batch.documents) {
      const line: ExportLine = { kind: "document", session, ...document };
      if (!isPassing(line)) yield line;
    }
    if (batch.cursor === undefined) return;
    cursor = batch.cursor;
  }
}

function trimmedMeanwhile(session: string): MemoryError {
  return new MemoryError(
    "conflict",
    `Events of session ${session} were trimmed while it was exported. Export again.`,
    { retryable: true, details: { conflict: "version", session } },
  );
}

/** What is known of the session, without what is the store's own: tokens, revisions and times of expiry. */
function factsOf(
  batch: TransferBatch,
): Pick<
  SessionHead,
  "session" | "incarnation" | "version" | "firstSeq" | "metadata" | "createdAt" | "updatedAt"
> {
  const { head, ttlMs } = fromArchived(batch);
  const { session, incarnation, version, firstSeq, subject, metadata, createdAt, updatedAt } = head;
  const archived = archivedAt(batch.head);
  return {
    session,
    incarnation,
    version,
    firstSeq,
    ...(subject === undefined ? {} : { subject }),
    metadata,
    createdAt,
    updatedAt,
    ...(ttlMs === undefined ? {} : { ttlMs }),
    ...(archived === undefined ? {} : { archived }),
  };
}

/**
 * An event as of this version of the log. A tombstone says at which revision it was erased, so that what was derived
 * before that cannot be written to the copy.
 */
function eventLine(
  session: string,
  event: StoredEvent,
  version: number,
  { removed }: TransferBatch,
): ExportLine {
  const { retractedBy, ...rest } = event;
  const mark = retractedBy === undefined || retractedBy > version ? {} : { retractedBy };
  if (event.erasedAt === undefined) return { kind: "event", session, ...rest, ...mark };
  const at = removed.filter(({ from, to }) => from <= event.seq && event.seq <= to);
  const erasedRevision = at.at(-1)?.revision;
  return {
    kind: "event",
    session,
    ...rest,
    ...mark,
    ...(erasedRevision === undefined ? {} : { erasedRevision }),
  };
}

/** The operations up to this version, each right behind its last event, whatever the pages are. */
function* operationLines(
  session: string,
  waiting: OperationRecord[],
  version: number,
): Generator<ExportLine, void, void> {
  for (;;) {
    const [next] = waiting;
    if (next === undefined || next.result.version > version) return;
    waiting.shift();
    const { id, fingerprint, result } = next;
    const { firstSeq, version: last, revision } = result;
    yield { kind: "operation", session, id, fingerprint, firstSeq, version: last, revision };
  }
}

function byVersion(left: OperationRecord, right: OperationRecord): number {
  return left.result.version - right.result.version || (left.id < right.id ? -1 : 1);
}

/** Documents that stand alone. */
export async function* documentLines(
  { documents }: MemoryStore,
  tenant: string,
  filter: FindOptions,
  place: { readonly tier?: "volatile" },
  { only, signal }: CallOptions & { readonly only?: (document: Document) => boolean },
): AsyncGenerator<ExportLine, void, void> {
  const find = (cursor: { readonly cursor?: string }) =>
    documents.find({ tenant }, { ...filter, ...cursor, limit: documentsAtOnce, signal });
  for await (const document of allPages(find))
    if (only?.(document) !== false) yield { kind: "document", ...place, ...document };
}
