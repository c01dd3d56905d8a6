import type { ChangedHead, SessionAddress, StoredEvent } from "@relevo/core";
import { conflict, historyLost, rangesOf, refuse } from "@relevo/core/input";
import { type AdmittedTransferBatch, compareCopies, mergeRemovals } from "@relevo/core/store";
import { jsonSize } from "./json-size.ts";
import { changedHeadOf, noteRemoval, type Session } from "./session.ts";
import type { StoreState } from "./store-state.ts";

/**
 * Takes a batch in one step. What is here already must be the same and is left alone, except that an erasure wins on
 * either side: content that one copy has lost for good must not come back through the other.
 */
export function importBatch(
  state: StoreState,
  address: SessionAddress,
  batch: AdmittedTransferBatch,
): ChangedHead {
  const now = state.now();
  const { head } = batch;
  const eviction = state.endings.evictionOf(address);
  // An archive may bring an evicted session back, but only all of it.
  if (
    eviction !== undefined &&
    (eviction.incarnation !== head.incarnation || eviction.version > head.version)
  ) {
    throw historyLost("evicted");
  }
  const found = eviction === undefined ? state.session(address, now) : undefined;
  if (found !== undefined && found.incarnation !== head.incarnation) {
    throw conflict("incarnation", { incarnation: found.incarnation });
  }
  const version = found?.log.version ?? head.firstSeq - 1;
  const erased: number[] = [];
  for (const { event } of batch.events) {
    if (found === undefined || event.seq > version || event.seq < found.log.firstSeq) continue;
    const compared = compareCopies(found.log.at(event.seq), event);
    if (compared === "other") throw conflict("import", { seq: event.seq });
    if (compared === "erased") erased.push(event.seq);
  }
  const events = batch.events.filter(({ event }) => event.seq > version);
  const operations = batch.operations.filter((operation) => {
    const ours = found?.operations.get(operation.id);
    if (ours !== undefined && ours.fingerprint !== operation.fingerprint) {
      throw conflict("import", { operation: operation.id });
    }
    return ours === undefined;
  });
  requireNoGap(batch, version, events[0]?.event);
  const adds = events.length > 0 || operations.length > 0;
  if (adds && found !== undefined && !found.sealed) throw conflict("import", { sealed: false, version });
  const bytes = events.reduce((sum, one) => sum + one.bytes, 0);
  state.requireSessionFits(found, state.eventCharge(events.length, bytes, operations.length));

  if (eviction !== undefined) state.endings.restoreEviction(address);
  const previousToken = found?.token;
  const session = found ?? createCopy(state, address, batch, now);
  const retracted: number[] = [];
  for (const { event, bytes: size } of events) {
    for (const gone of session.log.push(event, size)) retracted.push(gone);
  }
  for (const { id, fingerprint, result } of operations) {
    const { firstSeq, version: reached, revision } = result;
    session.operations.add({ id, fingerprint, firstSeq, version: reached, revision });
  }
  const { changed } = session.log.blank(rangesOf(erased), now);
  if (found !== undefined && (adds || changed.length > 0)) {
    state.revise(session, Math.max(session.revision + 1, head.revision));
  }
  if (adds || found === undefined) {
    session.removed = mergeRemovals(session.removed, batch.removed);
    session.removalRevision = Math.max(session.removalRevision, head.removalRevision);
  }
  // Under the copy's own revision: its removal revision may be beyond the one that the source had for a retraction.
  const removed = found === undefined ? changed : retracted.concat(changed);
  if (removed.length > 0) noteRemoval(session, rangesOf(removed));
  if (adds || found === undefined) adoptHead(state, session, batch, now);
  state.chargeSession(session, now);
  return changedHeadOf(session, previousToken);
}

function createCopy(
  state: StoreState,
  address: SessionAddress,
  batch: AdmittedTransferBatch,
  now: number,
): Session {
  const { incarnation, subject, metadata, firstSeq, revision } = batch.head;
  const session = state.createSession(
    address,
    { incarnation, subject, metadata, ttlMs: batch.ttlMs, firstSeq },
    now,
  );
  session.sealed = true;
  state.revise(session, revision);
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
  session.metadata = head.metadata;
  session.metadataBytes = jsonSize(head.metadata);
  session.ttlMs = ttlMs;
  if (head.subject !== undefined) session.tenant.changeSubject(session, head.subject);
  // The idle time of a copy begins when it is made: an archive that is older than its lifetime can be restored.
  state.refresh(session, now);
}

function requireNoGap(batch: AdmittedTransferBatch, version: number, first: StoredEvent | undefined): void {
  const start = batch.events[0]?.event.seq;
  if (first !== undefined && first.seq !== version + 1) {
    throw refuse("batch.events", `would leave a gap: the log ends at ${version}.`, { version });
  }
  if (start !== undefined && start < batch.head.firstSeq) {
    throw refuse("batch.events", "begins before the first seq of its head.");
  }
}
