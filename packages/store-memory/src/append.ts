import type { AppendResult, StoredEvent } from "@relevo/core";
import { rangesOf } from "@relevo/core/input";
import { type AdmittedAppend, type Answer, type Refusal, wasRemovedSince } from "@relevo/core/store";
import { resultOf } from "./operation-ledger.ts";
import { refuseIncarnation, refuseVersion, sealed } from "./refusals.ts";
import { noteRemoval, type Session } from "./session.ts";
import type { StoreState } from "./store-state.ts";

/** Appends in one step: everything is checked before anything is written. Checks in the order of the contract. */
export function append(state: StoreState, request: AdmittedAppend): Answer<AppendResult> {
  const now = state.now();
  const { address, operation, events } = request;
  const found = state.session(address, now);
  const before = found?.log.version ?? 0;
  const lost = refuseIncarnation(state, address, found, request.incarnation);
  if (lost !== undefined) return lost;
  if (operation !== undefined) {
    const known = found?.operations.get(operation.id);
    if (found !== undefined && known !== undefined) {
      if (known.fingerprint !== operation.fingerprint) return { refused: "operation" };
      const { token } = found;
      return { ok: { ...resultOf(known, found.incarnation), token, previousToken: token, replayed: true } };
    }
    if (state.endings.knowsOperation(address, operation.id)) return { refused: "ended" };
  }
  if (found?.sealed === true) return sealed;
  const refusal =
    state.leases.refuseFence(address, request.fence) ??
    refuseVersion(request.expectedVersion, before) ??
    refuseSources(found, request);
  if (refusal !== undefined) return refusal;
  let bytes = 0;
  for (const one of events) {
    if (one.event.type === "retraction" && one.event.body.ranges.some(({ to }) => to > before)) {
      return { refused: "retraction", current: before };
    }
    bytes += one.bytes;
  }
  const tooLarge = state.refuseGrowth(
    found,
    state.eventCharge(events.length, bytes, operation === undefined ? 0 : 1),
  );
  if (tooLarge !== undefined) return tooLarge;

  const session =
    found ??
    state.createSession(
      address,
      {
        incarnation: state.options.ids.next(),
        subject: request.subject,
        metadata: request.metadata,
        ttlMs: state.options.ttlMs,
      },
      now,
    );
  const { log } = session;
  let seq = before;
  const retracted: number[] = [];
  for (const one of events) {
    const event = Object.freeze({ ...one.event, seq: ++seq, recordedAt: now }) as StoredEvent;
    for (const gone of log.push(event, one.bytes)) retracted.push(gone);
  }
  if (request.ttlMs !== undefined) session.ttlMs = request.ttlMs ?? undefined;
  const previousToken = found?.token;
  state.revise(session, request.token);
  if (retracted.length > 0) noteRemoval(session, rangesOf(retracted));
  session.updatedAt = now;
  session.tenant.moveSession(session);
  state.refresh(session, now);
  const { revision, incarnation, token } = session;
  const firstSeq = before + 1;
  if (operation !== undefined) {
    const { id, fingerprint } = operation;
    session.operations.add({ id, fingerprint, firstSeq, version: seq, revision });
  }
  state.chargeSession(session, now);
  return {
    ok:
      previousToken === undefined
        ? { firstSeq, version: seq, incarnation, revision, token, recordedAt: now, replayed: false }
        : {
            firstSeq,
            version: seq,
            incarnation,
            revision,
            token,
            recordedAt: now,
            previousToken,
            replayed: false,
          },
  };
}

/** Refuses what was derived from something that was removed after its writer read it. */
function refuseSources(
  session: Session | undefined,
  { derivedFrom, removalRevision: seen }: AdmittedAppend,
): Refusal | undefined {
  const current = session?.removalRevision ?? 0;
  if (derivedFrom === undefined || seen === current) return undefined;
  // A revision that is still to come was read from another state than this one.
  const removed = seen > current || wasRemovedSince(session?.removed ?? [], seen, derivedFrom);
  return removed ? { refused: "removal", current } : undefined;
}
