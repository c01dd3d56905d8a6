import type { AppendResult, StoredEvent } from "@relevo/core";
import { conflict, historyLost, rangesOf } from "@relevo/core/input";
import { type AdmittedAppend, checkRetraction, wasRemovedSince } from "@relevo/core/store";
import { resultOf } from "./operation-ledger.ts";
import { noteRemoval, type Session } from "./session.ts";
import type { StoreState } from "./store-state.ts";

/** Appends in one step: everything is checked before anything is written. Checks in the order of the contract. */
export function append(state: StoreState, request: AdmittedAppend): AppendResult {
  const now = state.now();
  const { address, operation, expectedVersion, events } = request;
  const found = state.session(address, now);
  requireIncarnation(found, request.incarnation);
  if (operation !== undefined) {
    const known = found?.operations.get(operation.id);
    if (found !== undefined && known !== undefined) {
      if (known.fingerprint !== operation.fingerprint)
        throw conflict("operation", { operation: operation.id });
      const { token } = found;
      return { ...resultOf(known, found.incarnation), token, previousToken: token, replayed: true };
    }
    if (state.endings.knowsOperation(address, operation.id)) throw historyLost("ended");
  }
  requireUnsealed(found);
  state.leases.requireFence(address, request.fence);
  const before = found?.log.version ?? 0;
  if (expectedVersion !== undefined && expectedVersion !== before)
    throw conflict("version", { version: before });
  requireSources(found, request);
  let bytes = 0;
  for (const one of events) {
    if (one.event.type === "retraction") checkRetraction(one.event, before);
    bytes += one.bytes;
  }
  state.requireSessionFits(found, state.eventCharge(events.length, bytes, operation === undefined ? 0 : 1));

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
  state.revise(session);
  if (retracted.length > 0) noteRemoval(session, rangesOf(retracted));
  session.updatedAt = now;
  state.refresh(session, now);
  const { revision, incarnation, token } = session;
  const firstSeq = before + 1;
  if (operation !== undefined) {
    const { id, fingerprint } = operation;
    session.operations.add({ id, fingerprint, firstSeq, version: seq, revision });
  }
  state.chargeSession(session, now);
  return previousToken === undefined
    ? { firstSeq, version: seq, incarnation, revision, token, replayed: false }
    : { firstSeq, version: seq, incarnation, revision, token, previousToken, replayed: false };
}

/** @throws `history-lost` when the incarnation that the caller means is not the one that lives. */
export function requireIncarnation(session: Session | undefined, incarnation: string | undefined): void {
  if (incarnation !== undefined && session?.incarnation !== incarnation) throw historyLost("ended");
}

/** @throws `conflict` when something that the events repeat was removed after their writer read it. */
function requireSources(
  session: Session | undefined,
  { derivedFrom, removalRevision: seen }: AdmittedAppend,
): void {
  const current = session?.removalRevision ?? 0;
  if (derivedFrom === undefined || seen === current) return;
  // A revision that is still to come was read from another state than this one.
  if (seen > current || wasRemovedSince(session?.removed ?? [], seen, derivedFrom))
    throw conflict("removal", { removalRevision: current });
}

/** @throws `conflict` */
export function requireUnsealed(session: Session | undefined): void {
  if (session?.sealed === true) throw conflict("sealed", { sealed: true });
}
