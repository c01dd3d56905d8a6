import type { ChangedHead } from "../../../ports/event-log.ts";
import type { Answer } from "../../answer.ts";
import type { LogDriver } from "../../driver.ts";
import type { AdmittedDeleteSession, AdmittedTouch } from "../../log-calls.ts";
import type { DriverContext } from "../context.ts";
import { tenantKeys } from "../layout.ts";
import { timeOf } from "../space/failures.ts";
import { readRecords } from "../space/records.ts";
import { sweepGeneration } from "../sweep/sweep-generation.ts";
import {
  changedHeadOf,
  endLife,
  headOf,
  liveState,
  refreshed,
  revised,
  type SessionState,
  saveLive,
} from "../unit/session-slot.ts";
import {
  fenceKeys,
  refuseFence,
  refuseIncarnation,
  type SessionWrite,
  writeSession,
} from "../unit/write-session.ts";
import { append, recordOf, type StoredOperation } from "./append.ts";
import { listSessions } from "./list-sessions.ts";
import { slotOf } from "./log-snapshot.ts";
import { readEvents } from "./read-events.ts";
import { erase, trim } from "./remove-events.ts";

export function createLogDriver(context: DriverContext): LogDriver {
  const { space } = context;

  return {
    append: (request) => append(context, request),
    async operation({ address: { tenant, session }, id, signal }) {
      const keys = [tenantKeys.session(tenant, session), tenantKeys.operation(tenant, session, id)];
      const { records } = await readRecords(space, keys, [], { signal });
      const live = liveState(slotOf(records[0]), await timeOf(space));
      const known = records[1]?.value as unknown as StoredOperation | undefined;
      const isKnown = live !== undefined && known?.generation === live.generation;
      return { ok: isKnown ? recordOf(id, known, live.incarnation) : undefined };
    },
    read: (request) => readEvents(context, request),
    async head({ address: { tenant, session }, signal }) {
      const { records } = await readRecords(space, [tenantKeys.session(tenant, session)], [], { signal });
      const live = liveState(slotOf(records[0]), await timeOf(space));
      return { ok: live && headOf(session, live) };
    },
    touch: (request) => touch(context, request),
    trim: (request) => trim(context, request),
    erase: (request) => erase(context, request),
    delete: (request) => deleteSession(context, request),
    list: (request) => listSessions(context, request),
  };
}

function touch(context: DriverContext, request: AdmittedTouch): Promise<Answer<ChangedHead | undefined>> {
  const { address, ttlMs, subject, metadata } = request;
  return writeSession<Answer<ChangedHead | undefined>>(context, address, request, (write) => {
    const { transaction, place, live } = write;
    const gone = refuseIncarnation(live, request.incarnation);
    if (gone !== undefined) return gone;
    if (live === undefined || transaction.state === undefined) return { ok: undefined };
    if (live.sealed === true) return { refused: "sealed" };
    const { now } = transaction;
    const touched: SessionState = refreshed(
      {
        ...live,
        updatedAt: now,
        ...(ttlMs === undefined ? {} : { ttlMs: ttlMs ?? undefined }),
        ...(subject === undefined ? {} : { subject }),
        ...(metadata === undefined ? {} : { metadata }),
      },
      now,
    );
    const changes = subject !== undefined || metadata !== undefined || touched.expiresAt !== live.expiresAt;
    const next = changes ? revised(touched, request.token) : touched;
    const saved = saveLive(transaction, place, transaction.state, next);
    return { ok: changedHeadOf(place.session, saved, live) };
  });
}

async function deleteSession(
  context: DriverContext,
  { address, incarnation, fence, expectedVersion, expectedToken, signal }: AdmittedDeleteSession,
): Promise<Answer<boolean>> {
  let ended: { readonly generation: string; readonly endedAt: number } | undefined;
  const end = (write: SessionWrite): Answer<boolean> => {
    const { transaction, place, live, records } = write;
    ended = undefined;
    if (live === undefined || transaction.state === undefined) return { ok: false };
    if (incarnation !== undefined && incarnation !== live.incarnation) return { ok: false };
    const late = refuseFence(write, fence, records[0]);
    if (late !== undefined) return late;
    const current = live.version;
    if (expectedVersion !== undefined && expectedVersion !== current) return { refused: "version", current };
    if (expectedToken !== undefined && expectedToken !== live.token) return { refused: "token" };
    transaction.save(endLife(transaction, place, transaction.state));
    ended = { generation: live.generation, endedAt: transaction.now };
    return { ok: true };
  };
  const answer = await writeSession(context, address, { signal }, end, fenceKeys(address, fence));
  // Nothing of it can be read any more. What a failure here leaves, upkeep removes.
  if (ended !== undefined)
    await sweepGeneration(context, { ...address, ...ended }, {}).catch(() => undefined);
  return answer;
}
