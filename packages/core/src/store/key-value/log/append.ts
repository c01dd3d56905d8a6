import type { StoredEvent } from "../../../events.ts";
import { retractedRanges } from "../../../input/events.ts";
import { rangesOf } from "../../../input/ranges.ts";
import type { AppendResult, OperationRecord } from "../../../ports/event-log.ts";
import type { Answer } from "../../answer.ts";
import type { AdmittedAppend } from "../../log-calls.ts";
import { wasRemovedSince } from "../../removals.ts";
import type { DriverContext } from "../context.ts";
import { tenantKeys } from "../layout.ts";
import {
  keysOf,
  previousToken,
  refreshed,
  revised,
  type SessionState,
  saveLive,
  vacantSlot,
} from "../unit/session-slot.ts";
import {
  fenceKeys,
  newLife,
  noteRemoval,
  refuseGuard,
  refuseIncarnation,
  type SessionWrite,
  writeSession,
} from "../unit/write-session.ts";
import { type EventRecord, eventEntries } from "./event-entries.ts";
import { planRetractions } from "./plan-marks.ts";
import { marksPerCommit, settleMarks, settleWritten } from "./settle-marks.ts";

/** An operation as it is stored. Stays for a day when its incarnation has ended. */
export interface StoredOperation {
  readonly generation: string;
  readonly fingerprint: string;
  readonly firstSeq: number;
  readonly version: number;
  readonly revision: number;
}

export async function append(context: DriverContext, request: AdmittedAppend): Promise<Answer<AppendResult>> {
  const { address: place, operation, fence } = request;
  const { tenant, session } = place;
  const keys = fenceKeys(place, fence);
  if (operation !== undefined) keys.push(tenantKeys.operation(tenant, session, operation.id));
  let unsettled = false;
  const answer = await writeSession<Answer<AppendResult>>(
    context,
    place,
    request,
    async (write) => {
      const { records } = write;
      const lease = fence === undefined ? undefined : records[0];
      const known = operation === undefined ? undefined : records.at(-1);
      const { live } = write;
      const gone = refuseIncarnation(live, request.incarnation);
      if (gone !== undefined) return gone;
      if (known !== undefined) return replay(known.value as unknown as StoredOperation, live, request);
      const refused = refuseGuard(write, fence, lease) ?? refuseState(live, request);
      if (refused !== undefined) return refused;
      const written = await writeEvents(context, write, request);
      unsettled = written.pending.length > 0;
      const { version, revision, incarnation, token } = written;
      const firstSeq = (live?.version ?? 0) + 1;
      const recordedAt = write.transaction.now;
      const result = { firstSeq, version, incarnation, revision, token, recordedAt, replayed: false };
      return { ok: { ...result, ...previousToken(live) } };
    },
    keys,
  );
  if (unsettled) await settleWritten(context, place);
  return answer;
}

function replay(
  known: StoredOperation,
  live: SessionState | undefined,
  { operation }: AdmittedAppend,
): Answer<AppendResult> {
  if (live === undefined || known.generation !== live.generation) return { refused: "ended" };
  if (known.fingerprint !== operation?.fingerprint) return { refused: "operation" };
  const { token } = live;
  return { ok: { ...resultOf(known, live.incarnation), token, previousToken: token, replayed: true } };
}

function refuseState(live: SessionState | undefined, request: AdmittedAppend): Answer<never> | undefined {
  const { expectedVersion, derivedFrom, removalRevision: seen, events } = request;
  const version = live?.version ?? 0;
  if (expectedVersion !== undefined && expectedVersion !== version)
    return { refused: "version", current: version };
  const current = live?.removalRevision ?? 0;
  if (derivedFrom !== undefined && seen !== current) {
    // A revision that is still to come was read from another state than this one.
    if (seen > current || wasRemovedSince(live?.removed ?? [], seen, derivedFrom))
      return { refused: "removal", current };
  }
  const reaches = events.some(({ event }) => retractedRanges(event).some(({ to }) => to > version));
  return reaches ? { refused: "retraction", current: version } : undefined;
}

async function writeEvents(
  context: DriverContext,
  write: SessionWrite,
  request: AdmittedAppend,
): Promise<SessionState> {
  const { transaction, place, live } = write;
  const { now } = transaction;
  const slot =
    live === undefined || transaction.state === undefined
      ? await vacantSlot(transaction, place)
      : transaction.state;
  const before = live ?? newLife(context, now, request);
  const added = request.events.map(({ event, bytes }, index) => ({
    event: { ...event, seq: before.version + index + 1, recordedAt: now } as StoredEvent,
    bytes,
  }));
  const next: SessionState = {
    ...revised(before, request.token),
    updatedAt: now,
    ...(request.ttlMs === undefined ? {} : { ttlMs: request.ttlMs ?? undefined }),
  };
  const after = await addEvents(context, write, next, added);
  const { retracted } = after;
  const state = retracted.length === 0 ? after.state : noteRemoval(after.state, rangesOf(retracted));
  const { operation } = request;
  if (operation !== undefined) {
    const { version, revision } = state;
    const firstSeq = before.version + 1;
    addOperation(write, state, {
      id: operation.id,
      fingerprint: operation.fingerprint,
      result: { firstSeq, version, revision, incarnation: state.incarnation },
    });
  }
  return saveLive(transaction, place, slot, refreshed(state, now));
}

/** Adds events behind the log of the state, and lets the retractions among them take effect. */
export async function addEvents(
  { space }: DriverContext,
  { transaction, place, live }: SessionWrite,
  before: SessionState,
  added: readonly EventRecord[],
): Promise<{ readonly state: SessionState; readonly retracted: readonly number[] }> {
  const plan = await planRetractions(transaction, keysOf(place, before), live, added);
  const entries = eventEntries(transaction, place, before);
  let { bytes, lastRetraction } = before;
  for (const record of plan.events) {
    entries.add(record);
    bytes += record.bytes;
    lastRetraction = Math.max(lastRetraction, record.event.retractedBy ?? 0);
  }
  const most = marksPerCommit(space.limits, transaction.size);
  const pending = await settleMarks(transaction, place, before, plan.marks, most);
  const version = before.version + added.length;
  lastRetraction = Math.max(lastRetraction, plan.lastRetraction);
  return { state: { ...before, version, bytes, pending, lastRetraction }, retracted: plan.retracted };
}

export function addOperation(
  { transaction, place: { tenant, session } }: SessionWrite,
  state: SessionState,
  { id, fingerprint, result }: OperationRecord,
): void {
  const { firstSeq, version, revision } = result;
  const { generation } = state;
  const stored: StoredOperation = { generation, fingerprint, firstSeq, version, revision };
  transaction.put(tenantKeys.operation(tenant, session, id), { ...stored });
  transaction.put(keysOf({ tenant, session }, state).operations(version, id), id);
}

function resultOf(known: StoredOperation, incarnation: string): OperationRecord["result"] {
  const { firstSeq, version, revision } = known;
  return { firstSeq, version, incarnation, revision };
}

/** The operation as callers and other stores see it. */
export function recordOf(id: string, known: StoredOperation, incarnation: string): OperationRecord {
  return { id, fingerprint: known.fingerprint, result: resultOf(known, incarnation) };
}
