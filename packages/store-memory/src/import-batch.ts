import type { ChangedHead, SessionAddress } from "@relevo/core";
import { rangesOf } from "@relevo/core/input";
import {
  type AdmittedImport,
  type AdmittedTransferBatch,
  type Answer,
  type ImportTarget,
  mergeRemovals,
  planImport,
} from "@relevo/core/store";
import { jsonSize } from "./json-size.ts";
import { changedHeadOf, noteRemoval, type Session } from "./session.ts";
import type { StoreState } from "./store-state.ts";

/** Takes a batch in one step. */
export function importBatch(
  state: StoreState,
  { address, batch, fence, token }: AdmittedImport,
): Answer<ChangedHead> {
  const now = state.now();
  const { head } = batch;
  const eviction = state.endings.evictionOf(address);
  // An archive may bring an evicted session back, but only all of it.
  if (
    eviction !== undefined &&
    (eviction.incarnation !== head.incarnation || eviction.version > head.version)
  ) {
    return { refused: "evicted" };
  }
  const late = state.leases.refuseFence(address, fence);
  if (late !== undefined) return late;
  const found = eviction === undefined ? state.session(address, now) : undefined;
  const planned = planImport(batch, found && targetOf(found));
  if (planned.refused !== undefined) return planned;
  const { creates, adds, events, operations, bytes, erased, kept, revision } = planned.ok;
  const tooLarge = state.refuseGrowth(found, state.eventCharge(events.length, bytes, operations.length));
  if (tooLarge !== undefined) return tooLarge;

  if (eviction !== undefined) state.endings.restoreEviction(address);
  const previousToken = found?.token;
  const session = found ?? createCopy(state, address, batch, now);
  const retracted: number[] = [];
  for (const { event, bytes: size } of events) {
    for (const gone of session.log.push(event, size)) retracted.push(gone);
  }
  for (const { id, fingerprint, result } of operations) {
    const { firstSeq, version, revision: reached } = result;
    session.operations.add({ id, fingerprint, firstSeq, version, revision: reached });
  }
  const { changed } = session.log.blank({ ranges: rangesOf(erased), kept: rangesOf(kept) }, now);
  if (creates || adds || changed.length > 0) state.revise(session, token, revision);
  if (creates || adds) {
    session.removed = mergeRemovals(session.removed, batch.removed);
    session.removalRevision = Math.max(session.removalRevision, head.removalRevision);
  }
  // Under the copy's own revision: its removal revision may be beyond the one that the source had for a retraction.
  const removed = creates ? changed : retracted.concat(changed);
  if (removed.length > 0) noteRemoval(session, rangesOf(removed));
  if (creates || adds) adoptHead(state, session, batch, now);
  state.chargeSession(session, now);
  return { ok: changedHeadOf(session, previousToken) };
}

function targetOf({ incarnation, log, revision, sealed, operations }: Session): ImportTarget {
  const { version, firstSeq } = log;
  return {
    incarnation,
    version,
    revision,
    firstSeq,
    ...(sealed ? { sealed } : {}),
    event: (seq) => log.at(seq),
    fingerprint: (operation) => operations.get(operation)?.fingerprint,
  };
}

function createCopy(
  state: StoreState,
  address: SessionAddress,
  batch: AdmittedTransferBatch,
  now: number,
): Session {
  const { incarnation, subject, metadata, firstSeq } = batch.head;
  const session = state.createSession(
    address,
    { incarnation, subject, metadata, ttlMs: batch.ttlMs, firstSeq },
    now,
  );
  session.sealed = true;
  return session;
}

function adoptHead(
  state: StoreState,
  session: Session,
  { head, ttlMs }: AdmittedTransferBatch,
  now: number,
): void {
  session.createdAt = head.createdAt;
  session.updatedAt = head.updatedAt;
  session.tenant.moveSession(session);
  session.metadata = head.metadata;
  session.metadataBytes = jsonSize(head.metadata);
  session.ttlMs = ttlMs;
  if (head.subject !== undefined) session.tenant.changeSubject(session, head.subject);
  // The idle time of a copy begins when it is made: an archive that is older than its lifetime can be restored.
  state.refresh(session, now);
}
