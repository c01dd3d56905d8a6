import type { ChangedHead, SessionAddress, StoredEvent } from "@relevo/core";
import { rangesOf } from "@relevo/core/input";
import {
  type AdmittedImport,
  type AdmittedTransferBatch,
  type Answer,
  type ImportPlan,
  type ImportTarget,
  planImport,
  retractionsOf,
  type TransferDriver,
} from "@relevo/core/store";
import { answerOf, refusalOf, replyOf } from "../answers.ts";
import type { StoreContext } from "../context.ts";
import { exportDocuments, importDocuments } from "../documents/transfer-documents.ts";
import { importPart, seal } from "../scripts/scripts.generated.ts";
import { cellOf, encodeCopy, flagsOf } from "./event-codec.ts";
import { createExporter, type Part, readPart } from "./export-events.ts";
import { changedHeadOf, encoded, restOf } from "./head-codec.ts";
import { decodeOperation, encodeOperation } from "./operation-codec.ts";
import { numberedRanges, rangesText } from "./ranges-text.ts";
import { encodeRemoved } from "./removed-codec.ts";

/** Moving sessions. Each step is one script, and may be repeated. */
export function createTransferDriver(context: StoreContext): TransferDriver {
  const { connection } = context;

  return {
    export: createExporter(context),
    exportDocuments: (request) => exportDocuments(context, request),
    importDocuments: (request) => importDocuments(context, request),

    async seal({ address, incarnation, signal, ...values }) {
      const answer = await connection.script(
        seal,
        context.sessionKeys(address),
        { session: address.session, incarnation: encoded(incarnation), ...values },
        { signal, repeatable: true },
      );
      return answerOf(answer, (reply) => changedHeadOf(address.session, reply));
    },

    async import(request) {
      const { address } = request;
      const signal = connection.scope(request.signal);
      await context.tenants.register(address.tenant, signal);
      for (;;) {
        const answer = await importOnce(context, request, signal);
        if (answer !== "changed") return answer;
      }
    },
  };
}

/** Reads what is here, plans, and applies the plan on the condition that nothing has changed meanwhile. */
async function importOnce(
  context: StoreContext,
  { address, batch, fence, token }: AdmittedImport,
  signal: AbortSignal,
): Promise<Answer<ChangedHead> | "changed"> {
  const firstSeq = batch.events[0]?.event.seq ?? batch.head.version + 1;
  const here = await readCopies(context, address, firstSeq - 1, batch.events.length, signal);
  if (here === "changed") return here;
  const target = here && (await targetOf(context, address, batch, here, signal));
  const planned = planImport(batch, target);
  if (planned.refused !== undefined) return planned;
  const reply = replyOf(
    await context.connection.script(
      importPart,
      context.sessionKeys(address),
      {
        session: address.session,
        seenHead: here?.text,
        incarnation: encodeURIComponent(batch.head.incarnation),
        fence,
        token,
        ...headValues(batch),
        ...planValues(planned.ok),
        earliest: earliestOf(batch),
      },
      { signal, repeatable: true },
    ),
  );
  if (reply[0] === "changed") return "changed";
  return refusalOf(reply) ?? { ok: changedHeadOf(address.session, reply) };
}

/** What a copy takes over from the session that it is of. */
function headValues({ head, ttlMs, removed }: AdmittedTransferBatch) {
  return {
    first: head.firstSeq,
    created: `${head.createdAt}`,
    updated: `${head.updatedAt}`,
    ttl: ttlMs ?? 0,
    newSubject: encoded(head.subject) ?? "",
    rest: restOf(head.subject, head.metadata),
    sourceRemoval: head.removalRevision,
    sourceRemoved: encodeRemoved(removed),
  };
}

function planValues({ events, bytes, operations, erased, kept, revision }: ImportPlan) {
  const numbered = events.map(({ event }) => [event.seq, event] as const);
  const firstSeq = events[0]?.event.seq ?? 0;
  return {
    newRevision: revision,
    bytes,
    cells: events.map(({ event }) => cellOf(flagsOf(event), event.agent)).join(""),
    erasedRanges: rangesText(rangesOf(erased)),
    keptRanges: rangesText(rangesOf(kept)),
    derivations: numberedRanges(numbered, ({ derivedFrom }) => derivedFrom ?? []),
    retractions: numberedRanges(
      retractionsOf(events.map(({ event }) => event)).map((ranges, index) => [firstSeq + index, ranges]),
      (ranges) => ranges,
    ),
    operations: operations.map((operation) => ({ id: operation.id, row: encodeOperation(operation) })),
    events: events.map(({ event, bytes: size }) => encodeCopy(event, size)),
  };
}

/** Not later than any event of the batch was recorded. */
function earliestOf({ head, events }: AdmittedTransferBatch): number {
  return events.reduce((least, { event }) => Math.min(least, event.recordedAt), head.createdAt);
}

/** What is here of so many events, in one state of the session. */
async function readCopies(
  context: StoreContext,
  address: SessionAddress,
  after: number,
  count: number,
  signal: AbortSignal,
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

async function targetOf(
  { connection, sessionKeys }: StoreContext,
  address: SessionAddress,
  batch: AdmittedTransferBatch,
  { head, events }: Part,
  signal: AbortSignal,
): Promise<ImportTarget> {
  const { incarnation, version, revision, firstSeq, sealed } = head;
  const known = new Map<string, string>();
  const { operations, olderOperations } = sessionKeys(address);
  const ids = batch.operations.map(({ id }) => id);
  // The younger generation last: of an id in both, it counts.
  for (const key of ids.length === 0 ? [] : [olderOperations, operations]) {
    const rows = (await connection.read(key, ["HMGET", key, ...ids], { signal })) as readonly (
      | string
      | null
    )[];
    for (const [index, row] of rows.entries()) {
      const id = ids[index];
      if (row === null || id === undefined) continue;
      const { result, fingerprint } = decodeOperation(id, row);
      if (result.incarnation === incarnation) known.set(id, fingerprint);
      else known.delete(id);
    }
  }
  const bySeq = new Map<number, StoredEvent>(events.map((event) => [event.seq, event]));
  return {
    incarnation,
    version,
    revision,
    firstSeq,
    ...(sealed ? { sealed } : {}),
    event: (seq) => bySeq.get(seq),
    fingerprint: (operation) => known.get(operation),
  };
}
