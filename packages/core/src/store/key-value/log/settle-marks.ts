import type { SeqRange, StoredEvent } from "../../../events.ts";
import { rangesInclude } from "../../../input/ranges.ts";
import type { CallOptions } from "../../../ports/common.ts";
import { afterWrite } from "../../after-write.ts";
import { dueKey, tenantKeys } from "../layout.ts";
import type { KeyValueLimits } from "../space/key-value-space.ts";
import type { KeyRecord } from "../space/records.ts";
import { maxPartsPerCommit, type SpaceContext, type Transaction, transact } from "../space/transaction.ts";
import {
  keysOf,
  liveState,
  type PendingMark,
  type SessionPlace,
  type SessionSlot,
  type SessionState,
  saveLive,
} from "../unit/session-slot.ts";
import { type EventRecord, entriesPerMark, eventEntries, tombstoneOf } from "./event-entries.ts";
import { readSeqs } from "./plan-marks.ts";

/** The most events that one commit marks or removes. */
const maxMarksPerCommit = 500;
/** Entries of a commit that are not about a single event. */
const headroom = 30;

/** How many events one commit may mark or remove beside what it writes already. */
export function marksPerCommit(limits: KeyValueLimits | undefined, written: number): number {
  const room = (limits?.commitEntries ?? Number.POSITIVE_INFINITY) - written - headroom;
  const most = Math.floor(room / (entriesPerMark + maxPartsPerCommit));
  return Math.max(0, Math.min(most, maxMarksPerCommit));
}

/** Puts as many marks on their events as `most` allows. Returns those that are left. */
export async function settleMarks(
  transaction: Transaction<SessionSlot>,
  place: SessionPlace,
  state: SessionState,
  marks: readonly PendingMark[],
  most: number,
): Promise<readonly PendingMark[]> {
  const entries = eventEntries(transaction, place, state);
  const keys = keysOf(place, state);
  const left: PendingMark[] = [];
  let room = most;
  for (const mark of marks) {
    // One commit can neither move an event and blank it, nor read what it has moved.
    if (mark.kind !== marks[0]?.kind) room = 0;
    const [taken, rest] = takeSeqs(mark.ranges, room);
    room -= taken.reduce((sum, { from, to }) => sum + to - from + 1, 0);
    if (rest.length > 0) left.push({ ...mark, ranges: rest });
    for (const { from, to } of taken) {
      for (const record of await readSeqs(transaction, keys.effective, from, to)) {
        const found = record as unknown as KeyRecord<EventRecord>;
        if (mark.kind === "retract") entries.retract(found, mark.by);
        else if (found.value.event.erasedAt === undefined) entries.blank(found, mark.at, mark.keeps);
      }
      if (mark.kind === "retract") continue;
      for (const record of await readSeqs(transaction, keys.retracted, from, to)) {
        const found = record as unknown as KeyRecord<EventRecord>;
        if (found.value.event.erasedAt === undefined) entries.blank(found, mark.at, mark.keeps);
      }
    }
  }
  if (left.length > 0) {
    const { tenant, session } = place;
    transaction.put(dueKey(transaction.now, "settle", tenant, session), { kind: "settle", tenant, session });
  }
  return left;
}

function takeSeqs(ranges: readonly SeqRange[], most: number): readonly [SeqRange[], SeqRange[]] {
  const taken: SeqRange[] = [];
  const rest: SeqRange[] = [];
  let room = most;
  for (const { from, to } of ranges) {
    const end = Math.min(to, from + room - 1);
    if (end >= from) taken.push({ from, to: end });
    if (end < to) rest.push({ from: Math.max(from, end + 1), to });
    room -= Math.max(0, end - from + 1);
  }
  return [taken, rest];
}

/** As `settleSession`, for what one commit of this call has left to do. */
export function settleWritten(context: SpaceContext, place: SessionPlace): Promise<void> {
  return afterWrite(() => settleSession(context, place, {}));
}

/** What is pending stands on all of its events after this. */
export async function settleSession(
  context: SpaceContext,
  place: SessionPlace,
  call: CallOptions,
): Promise<void> {
  const unit = { tenant: place.tenant, key: tenantKeys.session(place.tenant, place.session) };
  for (let more = true; more; ) {
    more = await transact<SessionSlot, boolean>(context, unit, call, (transaction) =>
      settleStep(context, transaction, place),
    );
  }
}

/** One commit's worth of what is pending. True when there was any. */
export async function settleStep(
  { space }: SpaceContext,
  transaction: Transaction<SessionSlot>,
  place: SessionPlace,
): Promise<boolean> {
  const slot = transaction.state;
  const state = liveState(slot, transaction.now);
  if (slot === undefined || state === undefined || state.pending.length === 0) return false;
  const most = Math.max(1, marksPerCommit(space.limits, 0));
  const pending = await settleMarks(transaction, place, state, state.pending, most);
  saveLive(transaction, place, slot, { ...state, pending, settled: state.settled + 1 });
  return true;
}

/** The event as it is with what is pending. */
export function withPending(event: StoredEvent, pending: readonly PendingMark[]): StoredEvent {
  let shown = event;
  for (const mark of pending) {
    if (!rangesInclude(mark.ranges, event.seq)) continue;
    if (mark.kind === "erase")
      shown = shown.erasedAt === undefined ? tombstoneOf(shown, mark.at, mark.keeps) : shown;
    else if (shown.retractedBy === undefined) shown = { ...shown, retractedBy: mark.by };
  }
  return shown;
}
