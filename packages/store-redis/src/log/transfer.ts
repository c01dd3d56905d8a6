import {
  type CallOptions,
  type DeleteSessionOptions,
  type EventTransfer,
  MemoryError,
  type OperationRecord,
  type SeqRange,
  type SessionAddress,
  type SessionHead,
  type StoredEvent,
  type UnsealOptions,
} from "@relevo/core";
import {
  admitCall,
  admitSessionAddress,
  conflict,
  normalizeRanges,
  rangesOf,
  refuse,
} from "@relevo/core/input";
import {
  type AdmittedDeleteSession,
  type AdmittedTransferBatch,
  admitDeleteSession,
  admitExport,
  admitTransferBatch,
  admitUnseal,
  compareCopies,
  retractedRanges,
} from "@relevo/core/store";
import type { StoreContext } from "../context.ts";
import type { SessionKeys } from "../keys.ts";
import { type EmbeddedScript, importPart, seal } from "../scripts/scripts.generated.ts";
import { rangesText } from "./append-events.ts";
import { cellOf, encodeCopy, flagsOf } from "./event-codec.ts";
import { createExporter, type Part, readPart } from "./export-events.ts";
import { decodeHead, headOf, restOf, type StoredHead } from "./head-codec.ts";
import { decodeOperation, encodeOperation } from "./operation-codec.ts";
import { encodeRemoved } from "./removed-codec.ts";
import type { Answer } from "./status.ts";

type OnSession = <Arguments>(
  script: EmbeddedScript<SessionKeys, Arguments>,
  address: SessionAddress,
  values: Arguments,
  options: CallOptions,
  repeatable?: boolean,
) => Promise<Answer>;

/** The transfer port: each of its steps is one script, and may be repeated. */
export function createTransfer(context: StoreContext, onSession: OnSession): EventTransfer {
  const { connection, limits } = context;
  const exportPart = createExporter(context);

  async function setSealed(
    address: SessionAddress,
    sealed: boolean,
    { incarnation, expectedVersion }: AdmittedDeleteSession,
    { signal }: CallOptions,
  ): Promise<SessionHead> {
    const admitted = admitSessionAddress(address, limits);
    const args = {
      session: admitted.session,
      incarnation: incarnation === undefined ? undefined : encodeURIComponent(incarnation),
      sealed,
      expectedVersion,
    };
    const answer = await onSession(seal, admitted, args, { signal }, true);
    if (answer[0] === "none") throw new MemoryError("not-found", "There is no such session.");
    return headOf(admitted.session, decodeHead(String(answer[1])));
  }

  return {
    async seal(address, options: DeleteSessionOptions = {}) {
      connection.requireOpen();
      return await setSealed(address, true, admitDeleteSession(address, options, limits), options);
    },

    async unseal(address, options: UnsealOptions = {}) {
      connection.requireOpen();
      return await setSealed(address, false, admitUnseal(address, options, limits), options);
    },

    async exportEvents(address, options = {}) {
      connection.requireOpen();
      const { after, limit } = admitExport(address, options, limits);
      const admitted = admitSessionAddress(address, limits);
      const part = await exportPart(admitted, after, limit, options.signal);
      if (part === undefined) return undefined;
      const { head, events, operations, removed } = part;
      return {
        head: headOf(admitted.session, head),
        ttlMs: head.ttlMs,
        events,
        operations,
        removed,
      };
    },

    async importEvents(address, batch, options: CallOptions = {}) {
      connection.requireOpen();
      admitCall(options);
      const admitted = admitSessionAddress(address, limits);
      const admittedBatch = admitTransferBatch(batch, limits);
      const signal = connection.scope(options.signal);
      await context.tenants.register(admitted.tenant, signal);
      for (;;) {
        const head = await importOnce(context, onSession, admitted, admittedBatch, { signal });
        if (head !== undefined) return headOf(admitted.session, head);
      }
    },
  };
}

/**
 * Compares the batch with what is here, and adds what is not; `undefined` when the session changed in between. What
 * is here must be the same, except that an erasure wins on either side.
 */
async function importOnce(
  context: StoreContext,
  onSession: OnSession,
  address: SessionAddress,
  batch: AdmittedTransferBatch,
  options: CallOptions,
): Promise<StoredHead | undefined> {
  const { head } = batch;
  const firstSeq = batch.events[0]?.event.seq ?? head.version + 1;
  const here = await readCopies(context, address, firstSeq - 1, batch.events.length, options.signal);
  if (here === "changed") return undefined;
  if (here !== undefined && here.head.incarnation !== head.incarnation) {
    throw conflict("incarnation", { incarnation: here.head.incarnation });
  }
  const version = here?.head.version ?? head.firstSeq - 1;
  const ours = new Map(here?.events.map((event) => [event.seq, event]));
  const erased: number[] = [];
  for (const { event } of batch.events) {
    const copy = ours.get(event.seq);
    if (copy === undefined) continue;
    const compared = compareCopies(copy, event);
    if (compared === "other") throw conflict("import", { seq: event.seq });
    if (compared === "erased") erased.push(event.seq);
  }
  const events = batch.events.filter(({ event }) => event.seq > version);
  const operations = await newOperations(context, address, batch, here !== undefined, options.signal);
  requireNoGap(batch, version, events[0]?.event.seq);
  const adds = events.length > 0 || operations.length > 0;
  if (adds && here !== undefined && !here.head.sealed) throw conflict("import", { sealed: false, version });
  const answer = await onSession(
    importPart,
    address,
    {
      session: address.session,
      seenHead: here?.text,
      incarnation: encodeURIComponent(head.incarnation),
      first: head.firstSeq,
      created: `${head.createdAt}`,
      updated: `${head.updatedAt}`,
      ttl: batch.ttlMs ?? 0,
      newSubject: head.subject === undefined ? "" : encodeURIComponent(head.subject),
      rest: restOf(head.subject, head.metadata),
      sourceRevision: head.revision,
      bytes: events.reduce((sum, one) => sum + one.bytes, 0),
      cells: events.map(({ event }) => cellOf(flagsOf(event), event.agent)).join(""),
      erasedRanges: rangesText(rangesOf(erased)),
      derivations: rangesBySeq(events, ({ derivedFrom }) => derivedFrom ?? []),
      sourceRemoval: head.removalRevision,
      sourceRemoved: encodeRemoved(batch.removed),
      retractions: rangesBySeq(events, (event) =>
        event.erasedAt === undefined ? retractedRanges(event) : [],
      ),
      operations: operations.map((operation) => ({ id: operation.id, row: encodeOperation(operation) })),
      events: events.map(({ event, bytes }) => encodeCopy(event, bytes)),
    },
    options,
    true,
  );
  return answer[0] === "changed" ? undefined : decodeHead(String(answer[1]));
}

/** Ranges of the events that have some, as `12=3-5,7-7;`: ascending and apart, which the event's own need not be. */
function rangesBySeq(
  events: AdmittedTransferBatch["events"],
  rangesOf: (event: StoredEvent) => readonly SeqRange[],
): string {
  let text = "";
  for (const { event } of events) {
    const ranges = normalizeRanges(rangesOf(event));
    if (ranges.length > 0) text += `${event.seq}=${rangesText(ranges)};`;
  }
  return text;
}

/** What is here of so many events, in one state of the session. */
async function readCopies(
  context: StoreContext,
  address: SessionAddress,
  after: number,
  count: number,
  signal: AbortSignal | undefined,
): Promise<Part | "changed" | undefined> {
  const first = await readPart(context, address, after, Math.max(1, count), signal);
  if (first === undefined) return undefined;
  const events = [...first.events];
  for (;;) {
    const last = events.at(-1)?.seq;
    if (last === undefined || last >= Math.min(after + count, first.head.version))
      return { ...first, events };
    const more = await readPart(context, address, last, after + count - last, signal);
    if (more?.text !== first.text) return "changed";
    events.push(...more.events);
  }
}

/** Those of the batch that are not here yet. @throws `conflict` when one is here with another fingerprint. */
async function newOperations(
  { connection, keys }: StoreContext,
  { tenant, session }: SessionAddress,
  batch: AdmittedTransferBatch,
  present: boolean,
  signal: AbortSignal | undefined,
): Promise<readonly OperationRecord[]> {
  if (!present || batch.operations.length === 0) return batch.operations;
  const { operations, olderOperations } = keys.session(tenant, session);
  const ids = batch.operations.map(({ id }) => id);
  const [rows, older] = (await Promise.all(
    [operations, olderOperations].map((key) => connection.read(key, ["HMGET", key, ...ids], { signal })),
  )) as [readonly (string | null)[], readonly (string | null)[]];
  return batch.operations.filter((operation, index) => {
    const row = rows[index] ?? older[index];
    if (row === null || row === undefined) return true;
    const ours = decodeOperation(operation.id, row);
    if (ours.result.incarnation !== batch.head.incarnation) return true;
    if (ours.fingerprint !== operation.fingerprint) throw conflict("import", { operation: operation.id });
    return false;
  });
}

function requireNoGap(batch: AdmittedTransferBatch, version: number, first: number | undefined): void {
  const start = batch.events[0]?.event.seq;
  if (first !== undefined && first !== version + 1) {
    throw refuse("batch.events", `would leave a gap: the log ends at ${version}.`, { version });
  }
  if (start !== undefined && start < batch.head.firstSeq) {
    throw refuse("batch.events", "begins before the first seq of its head.");
  }
}
