import { rangesInclude, rangesOf } from "../../input/ranges.ts";
import type { ChangedHead, OperationRecord } from "../../ports/event-log.ts";
import type { TransferBatch } from "../../ports/event-transfer.ts";
import type { Answer } from "../answer.ts";
import type { TransferDriver } from "../driver.ts";
import { type ImportPlan, planImport } from "../plan-import.ts";
import { mergeRemovals } from "../removals.ts";
import type { AdmittedExport, AdmittedImport } from "../transfer-calls.ts";
import type { DriverContext } from "./context.ts";
import { exportDocuments, importDocuments } from "./documents/transfer-documents.ts";
import { tenantKeys } from "./layout.ts";
import { addEvents, addOperation, recordOf, type StoredOperation } from "./log/append.ts";
import { type EventRecord, tombstoneOf } from "./log/event-entries.ts";
import { type LogSnapshot, readLog } from "./log/log-snapshot.ts";
import { planErasure, readSeqs } from "./log/plan-marks.ts";
import { blankEvents, readBoth } from "./log/remove-events.ts";
import { settleWritten, withPending } from "./log/settle-marks.ts";
import { afterPrefix } from "./space/encode-key.ts";
import {
  changedHeadOf,
  headOf,
  keysOf,
  refreshed,
  revised,
  type SessionState,
  saveLive,
  vacantSlot,
} from "./unit/session-slot.ts";
import {
  fenceKeys,
  newLife,
  noteRemoval,
  refuseFence,
  refuseIncarnation,
  type SessionWrite,
  writeSession,
} from "./unit/write-session.ts";

export function createTransferDriver(context: DriverContext): TransferDriver {
  return {
    seal(request) {
      const { address, incarnation, fence, expectedVersion, sealed } = request;
      const seal = (write: SessionWrite): Answer<ChangedHead | undefined> => {
        const { transaction, place, live, records } = write;
        const gone = refuseIncarnation(live, incarnation);
        if (gone !== undefined) return gone;
        if (live === undefined || transaction.state === undefined) return { ok: undefined };
        const late = refuseFence(write, fence, records[0]);
        if (late !== undefined) return late;
        const current = live.version;
        if (expectedVersion !== undefined && expectedVersion !== current)
          return { refused: "version", current };
        if ((live.sealed === true) === sealed) return { ok: changedHeadOf(place.session, live, live) };
        const state = { ...revised(live, request.token), sealed };
        const saved = saveLive(transaction, place, transaction.state, state);
        return { ok: changedHeadOf(place.session, saved, live) };
      };
      return writeSession(context, address, request, seal, fenceKeys(address, fence));
    },
    async export(request) {
      const ok = await readLog(context, request.address, request, (log) =>
        exportBatch(log, request, context.limits.batchBytes),
      );
      return { ok };
    },
    exportDocuments: (request) => exportDocuments(context, request),
    importDocuments: (request) => importDocuments(context, request),
    async import(request) {
      let unsettled = false;
      const answer = await writeSession<Answer<ChangedHead>>(
        context,
        request.address,
        request,
        async (write) => {
          const late = refuseFence(write, request.fence, write.records[0]);
          if (late !== undefined) return late;
          const plan = await planFor(write, request);
          if (plan.ok === undefined) return plan;
          const state = await applyImport(context, write, request, plan.ok);
          unsettled = state.pending.length > 0;
          return { ok: changedHeadOf(request.address.session, state, write.live) };
        },
        fenceKeys(request.address, request.fence),
      );
      if (unsettled) await settleWritten(context, request.address);
      return answer;
    },
  };
}

/** How many events one read of an export asks for. */
const windowSize = 100;

async function exportBatch(
  log: LogSnapshot,
  { address: { tenant, session }, after, limit }: AdmittedExport,
  maxBytes: number,
): Promise<TransferBatch> {
  const { state, keys } = log;
  const first = Math.max(after + 1, state.firstSeq);
  const records: EventRecord[] = [];
  let last = Math.min(first + limit - 1, state.version);
  let bytes = 0;
  for (let start = first; start <= last; start += windowSize) {
    const end = Math.min(start + windowSize - 1, last);
    const window: EventRecord[] = [];
    for (const list of [keys.effective, keys.retracted]) {
      for (const { value } of await readSeqs(log, list, start, end))
        window.push(value as unknown as EventRecord);
    }
    window.sort((left, right) => left.event.seq - right.event.seq);
    for (const record of window) {
      bytes += record.bytes;
      if (bytes > maxBytes && records.length > 0) {
        last = record.event.seq - 1;
        break;
      }
      records.push(record);
    }
  }
  // The first batch also takes the operations whose events were trimmed, or that had none.
  const ids = await readIds(log, after === 0 ? 0 : after + 1, last);
  const stored = await log.read(
    ids.map((id) => tenantKeys.operation(tenant, session, id)),
    [],
  );
  const operations: OperationRecord[] = ids.flatMap((id, index) => {
    const known = stored.records[index]?.value as unknown as StoredOperation | undefined;
    return known === undefined ? [] : recordOf(id, known, state.incarnation);
  });
  const events = records.map(({ event }) => withPending(event, state.pending));
  return { head: headOf(session, state), ttlMs: state.ttlMs, events, operations, removed: state.removed };
}

async function readIds({ keys, read }: LogSnapshot, from: number, to: number): Promise<readonly string[]> {
  const ids: string[] = [];
  if (from > to) return ids;
  const end = afterPrefix(keys.operations(to));
  for (let start = keys.operations(from); ; ) {
    const page = (await read([], [{ from: start, to: end, limit: 1000 }])).ranges[0] ?? [];
    for (const { value } of page) ids.push(String(value));
    const last = page.at(-1);
    if (last === undefined || page.length < 1000) return ids;
    start = afterPrefix(last.key);
  }
}

async function planFor(
  write: SessionWrite,
  { address, batch }: AdmittedImport,
): Promise<ReturnType<typeof planImport>> {
  const { transaction, place, live } = write;
  if (live === undefined || live.incarnation !== batch.head.incarnation)
    return planImport(batch, live && { ...headOf(place.session, live), event: none, fingerprint: none });
  const { tenant, session } = address;
  const first = Math.max(batch.events[0]?.event.seq ?? 1, live.firstSeq);
  const last = Math.min(batch.events.at(-1)?.event.seq ?? 0, live.version);
  const events = new Map(
    (await readBoth(write, live, first, last)).map(({ value: { event } }) => [event.seq, event]),
  );
  const { records } = await transaction.read(
    batch.operations.map(({ id }) => tenantKeys.operation(tenant, session, id)),
  );
  const fingerprints = new Map<string, string>();
  for (const [index, { id }] of batch.operations.entries()) {
    const known = records[index]?.value as unknown as StoredOperation | undefined;
    if (known?.generation === live.generation) fingerprints.set(id, known.fingerprint);
  }
  return planImport(batch, {
    ...headOf(place.session, live),
    event: (seq) => events.get(seq),
    fingerprint: (id) => fingerprints.get(id),
  });
}

function none(): undefined {
  return undefined;
}

async function applyImport(
  context: DriverContext,
  write: SessionWrite,
  { batch, token }: AdmittedImport,
  plan: ImportPlan,
): Promise<SessionState> {
  const { transaction, place, live } = write;
  const { head } = batch;
  const before = live ?? { ...newLife(context, transaction.now, head), ...copyOf(head) };
  const keys = keysOf(place, before);
  const asked = { ranges: rangesOf(plan.erased), kept: rangesOf(plan.kept) };
  const erasure = await planErasure(transaction, keys, before, asked, plan.events);
  const changes = plan.creates || plan.adds || erasure.changed.length > 0;
  if (!changes) return before;
  const blank = rangesOf(erasure.blank);
  const added = plan.events.map(({ event, bytes }) =>
    event.erasedAt === undefined && plan.erased.length > 0 && rangesInclude(blank, event.seq)
      ? { event: tombstoneOf(event, transaction.now), bytes: 0 }
      : { event, bytes },
  );
  const next = revised(before, token, plan.revision);
  const after = await addEvents(context, write, next, added);
  let { state } = after;
  for (const operation of plan.operations) addOperation(write, state, operation);
  if (plan.creates || plan.adds) state = adoptHead(state, batch, transaction.now);
  // A copy has the source's own account of what its retractions took out.
  if (!plan.creates && after.retracted.length > 0) state = noteRemoval(state, rangesOf(after.retracted));
  if (erasure.changed.length > 0)
    state = await blankEvents(context, write, state, erasure, after.retracted.length > 0);
  const slot = live === undefined ? await vacantSlot(transaction, place) : transaction.state;
  return saveLive(transaction, place, slot ?? { documentVersion: 0 }, state);
}

function copyOf(head: AdmittedImport["batch"]["head"]): Partial<SessionState> {
  const { incarnation, firstSeq } = head;
  return { incarnation, firstSeq, version: firstSeq - 1, sealed: true };
}

function adoptHead(
  state: SessionState,
  { head, ttlMs, removed }: AdmittedImport["batch"],
  now: number,
): SessionState {
  const { ttlMs: _before, ...rest } = state;
  const adopted: SessionState = {
    ...rest,
    removed: mergeRemovals(state.removed, removed),
    removalRevision: Math.max(state.removalRevision, head.removalRevision),
    createdAt: head.createdAt,
    updatedAt: head.updatedAt,
    metadata: head.metadata,
    ...(head.subject === undefined ? {} : { subject: head.subject }),
    ...(ttlMs === undefined ? {} : { ttlMs }),
  };
  // The idle time of a copy begins when it is made: an archive that is older than its lifetime can be restored.
  return refreshed(adopted, now);
}
