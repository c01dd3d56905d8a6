import { rangesOf } from "../../../input/ranges.ts";
import type { EraseResult, TrimResult } from "../../../ports/event-log.ts";
import type { Answer } from "../../answer.ts";
import type { AdmittedErase, AdmittedTrim } from "../../log-calls.ts";
import type { DriverContext } from "../context.ts";
import type { KeyRecord } from "../space/records.ts";
import {
  keysOf,
  type PendingMark,
  previousToken,
  revised,
  type SessionState,
  saveLive,
} from "../unit/session-slot.ts";
import { noteRemoval, refuseIncarnation, type SessionWrite, writeSession } from "../unit/write-session.ts";
import { type EventRecord, eventEntries } from "./event-entries.ts";
import { type ErasurePlan, planErasure, readSeqs } from "./plan-marks.ts";
import { marksPerCommit, settleMarks, settleWritten } from "./settle-marks.ts";

/** The most events that one `trim` removes. */
const trimLimit = 10_000;

/** Removes a prefix in as many commits as it takes; each leaves a log that was trimmed less. */
export async function trim(
  context: DriverContext,
  request: AdmittedTrim,
): Promise<Answer<TrimResult | undefined>> {
  let done: TrimResult | undefined;
  // Each step moves the revision, and so has a token of its own.
  for (let { token } = request; ; token = context.nextToken()) {
    const answer = await writeSession(context, request.address, request, (write) =>
      trimStep(context, write, { ...request, token }),
    );
    if (answer.ok === undefined) return answer;
    done = joined(done, answer.ok);
    if (!answer.ok.more || done.removed >= trimLimit) return { ok: done };
  }
}

/** Two steps of one call. A token that neither found nor left says that somebody wrote between them. */
function joined(first: TrimResult | undefined, second: TrimResult): TrimResult {
  if (first === undefined) return second;
  const { previousToken } = second.previousToken === first.token ? first : second;
  return {
    ...second,
    removed: first.removed + second.removed,
    ...(previousToken === undefined ? {} : { previousToken }),
  };
}

async function trimStep(
  { space }: DriverContext,
  write: SessionWrite,
  { incarnation, token, beforeSeq = Number.POSITIVE_INFINITY, olderThan }: AdmittedTrim,
): Promise<Answer<TrimResult | undefined>> {
  const { transaction, place, live } = write;
  const gone = refuseIncarnation(live, incarnation);
  if (gone !== undefined) return gone;
  if (live === undefined || transaction.state === undefined) return { ok: undefined };
  if (live.sealed === true) return { refused: "sealed" };
  const { firstSeq, removalRevision } = live;
  const most = Math.max(1, marksPerCommit(space.limits, 0));
  const last = Math.min(live.version, firstSeq + most, beforeSeq - 1);
  const entries = eventEntries(transaction, place, live);
  let removed = 0;
  let bytes = 0;
  let more = false;
  for (const stored of await readBoth(write, live, firstSeq, last)) {
    const { event, bytes: size } = stored.value;
    if (olderThan !== undefined && event.recordedAt >= olderThan) break;
    if (removed === most) {
      more = true;
      break;
    }
    entries.remove(stored);
    removed++;
    bytes += size;
  }
  const found = previousToken(live);
  if (removed === 0) return { ok: { removed, firstSeq, more, removalRevision, token: live.token, ...found } };
  const trimmed = noteRemoval(
    {
      ...revised(live, token),
      firstSeq: firstSeq + removed,
      bytes: live.bytes - bytes,
    },
    [{ from: firstSeq, to: firstSeq + removed - 1 }],
  );
  saveLive(transaction, place, transaction.state, trimmed);
  return {
    ok: {
      removed,
      firstSeq: trimmed.firstSeq,
      more,
      removalRevision: trimmed.removalRevision,
      token,
      ...found,
    },
  };
}

/** Effective and retracted events, ascending. */
export async function readBoth(
  { transaction, place }: SessionWrite,
  state: SessionState,
  from: number,
  to: number,
): Promise<KeyRecord<EventRecord>[]> {
  const keys = keysOf(place, state);
  const effective = await readSeqs(transaction, keys.effective, from, to);
  const retracted = await readSeqs(transaction, keys.retracted, from, to);
  const all = [...effective, ...retracted] as unknown as KeyRecord<EventRecord>[];
  return all.sort((left, right) => left.value.event.seq - right.value.event.seq);
}

/** Hides the content in one commit, and has removed it from the space when it returns. */
export async function erase(
  context: DriverContext,
  request: AdmittedErase,
): Promise<Answer<EraseResult | undefined>> {
  let unsettled = false;
  const answer = await writeSession<Answer<EraseResult | undefined>>(
    context,
    request.address,
    request,
    async (write) => {
      const { transaction, place, live } = write;
      const gone = refuseIncarnation(live, request.incarnation);
      if (gone !== undefined) return gone;
      if (live === undefined || transaction.state === undefined) return { ok: undefined };
      const plan = await planErasure(transaction, keysOf(place, live), live, request);
      let state: SessionState = live;
      if (plan.changed.length > 0) {
        state = await blankEvents(context, write, revised(live, request.token), plan);
        unsettled = state.pending.length > 0;
        state = saveLive(transaction, place, transaction.state, state);
      }
      const { revision, removalRevision, token } = state;
      return { ok: { erased: plan.blank, revision, removalRevision, token, ...previousToken(live) } };
    },
  );
  if (unsettled) await settleWritten(context, request.address);
  return answer;
}

/**
 * The state after the events were blanked, as far as one commit can do it: not at all when the same commit moves events,
 * which may be these.
 */
export async function blankEvents(
  { space }: DriverContext,
  { transaction, place }: SessionWrite,
  state: SessionState,
  { changed, kept, bytes }: ErasurePlan,
  movesEvents = false,
): Promise<SessionState> {
  const most = movesEvents ? 0 : marksPerCommit(space.limits, transaction.size);
  const erased = { kind: "erase", at: transaction.now } as const;
  const isKept = new Set(kept);
  const marks: PendingMark[] = [
    ...state.pending,
    { ...erased, ranges: rangesOf(changed.filter((seq) => !isKept.has(seq))) },
    { ...erased, ranges: rangesOf(kept), keeps: true },
  ];
  const pending = await settleMarks(transaction, place, state, marks, most);
  return noteRemoval({ ...state, bytes: state.bytes - bytes, pending }, rangesOf(changed));
}
