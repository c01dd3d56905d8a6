import type {
  AppendOptions,
  DeleteSessionOptions,
  EraseOptions,
  EventLog,
  EventScan,
  EventTransfer,
  ListSessionsOptions,
  ReadOptions,
  TouchOptions,
  TrimOptions,
} from "@relevo/core";
import { admitCall, admitId, admitSessionAddress, conflict, rangesOf } from "@relevo/core/input";
import {
  admitAppend,
  admitDeleteSession,
  admitErase,
  admitListSessions,
  admitRead,
  admitTouch,
  admitTrim,
} from "@relevo/core/store";
import { append, requireIncarnation, requireUnsealed } from "./append.ts";
import type { Handle } from "./handle.ts";
import { jsonSize } from "./json-size.ts";
import { listSessions } from "./list-sessions.ts";
import { recordOf } from "./operation-ledger.ts";
import { readBelow, readEvents } from "./read-events.ts";
import { createScan } from "./scan.ts";
import { changedHeadOf, headOf, noteRemoval, type Session } from "./session.ts";
import { createTransfer } from "./transfer.ts";

/** The most events that one `trim` removes, so that no call holds up the process. */
const trimLimit = 10_000;

/** The log port, with scan and transfer, over the shared memory. */
export function createEventLog(handle: Handle): EventLog & EventScan & EventTransfer {
  const { state } = handle;
  const { limits } = state.options;

  function touched(session: Session, now: number): void {
    state.revise(session);
    state.chargeSession(session, now);
  }

  const log: EventLog = {
    async append(address, events, options?: AppendOptions) {
      handle.requireOpen();
      return append(state, admitAppend(address, events, options, limits));
    },

    async operation(address, id, options) {
      handle.requireOpen();
      admitCall(options);
      const admitted = admitSessionAddress(address, limits);
      const operationId = admitId(id, "id", limits);
      const session = state.session(admitted, state.now());
      const entry = session?.operations.get(operationId);
      return session && entry && recordOf(entry, session.incarnation);
    },

    async read(address, options?: ReadOptions) {
      handle.requireOpen();
      const request = admitRead(options, limits);
      const session = state.session(admitSessionAddress(address, limits), state.now());
      if (session === undefined) return { version: 0, revision: 0, removalRevision: 0, events: [] };
      const { events, next } = readEvents(session.log, request);
      const { incarnation, revision, removalRevision, token } = session;
      const { version } = session.log;
      const { below } = request;
      const result =
        next === undefined
          ? { incarnation, version, revision, removalRevision, token, events }
          : { incarnation, version, revision, removalRevision, token, events, next };
      return below === undefined ? result : { ...result, below: readBelow(session.log, below, events) };
    },

    async head(address, options) {
      handle.requireOpen();
      admitCall(options);
      const session = state.session(admitSessionAddress(address, limits), state.now());
      return session === undefined ? undefined : headOf(session);
    },

    async touch(address, options: TouchOptions = {}) {
      handle.requireOpen();
      const request = admitTouch(options, limits);
      const now = state.now();
      const session = state.session(admitSessionAddress(address, limits), now);
      requireIncarnation(session, request.incarnation);
      requireUnsealed(session);
      if (session === undefined) return undefined;
      const metadataBytes = request.metadata === undefined ? 0 : jsonSize(request.metadata);
      state.requireSessionFits(session, Math.max(0, metadataBytes - session.metadataBytes));
      const { token: previousToken, expiresAt: before } = session;
      if (request.ttlMs !== undefined) session.ttlMs = request.ttlMs ?? undefined;
      state.refresh(session, now);
      session.updatedAt = now;
      const { subject, metadata } = request;
      if (subject !== undefined) session.tenant.changeSubject(session, subject);
      if (metadata !== undefined) {
        session.metadata = metadata;
        session.metadataBytes = metadataBytes;
      }
      if (subject !== undefined || metadata !== undefined || before !== session.expiresAt)
        touched(session, now);
      return changedHeadOf(session, previousToken);
    },

    async trim(address, options: TrimOptions) {
      handle.requireOpen();
      const { incarnation, beforeSeq = Number.POSITIVE_INFINITY, olderThan } = admitTrim(options, limits);
      const now = state.now();
      const session = state.session(admitSessionAddress(address, limits), now);
      requireIncarnation(session, incarnation);
      requireUnsealed(session);
      if (session === undefined) return { removed: 0, firstSeq: 1, more: false, removalRevision: 0 };
      const { token: previousToken } = session;
      const { removed, more } = session.log.trim(
        (event) => event.seq < beforeSeq && (olderThan === undefined || event.recordedAt < olderThan),
        trimLimit,
      );
      const { firstSeq } = session.log;
      if (removed > 0) {
        touched(session, now);
        noteRemoval(session, [{ from: firstSeq - removed, to: firstSeq - 1 }]);
      }
      const { removalRevision, token } = session;
      return { removed, firstSeq, more, removalRevision, token, previousToken };
    },

    async erase(address, options: EraseOptions) {
      handle.requireOpen();
      const { ranges, incarnation } = admitErase(options, limits);
      const now = state.now();
      const session = state.session(admitSessionAddress(address, limits), now);
      requireIncarnation(session, incarnation);
      if (session === undefined) return { erased: [], revision: 0, removalRevision: 0 };
      const { token: previousToken } = session;
      const { blank, changed } = session.log.blank(ranges, now);
      if (changed.length > 0) {
        touched(session, now);
        noteRemoval(session, rangesOf(changed));
      }
      const { revision, removalRevision, token } = session;
      return { erased: blank, revision, removalRevision, token, previousToken };
    },

    async delete(address, options: DeleteSessionOptions = {}) {
      handle.requireOpen();
      const { incarnation, expectedVersion: expected } = admitDeleteSession(options, limits);
      const admitted = admitSessionAddress(address, limits);
      const now = state.now();
      // What was evicted is deleted like what is here: that is how a caller says that the loss is understood.
      const eviction = state.endings.evictionOf(admitted);
      const session = eviction === undefined ? state.session(admitted, now) : undefined;
      const found = eviction ?? session;
      if (found === undefined) return false;
      if (incarnation !== undefined && incarnation !== found.incarnation) return false;
      const version = eviction?.version ?? session?.log.version ?? 0;
      if (expected !== undefined && expected !== version) throw conflict("version", { version });
      if (session !== undefined) state.endSession(session, now);
      if (eviction !== undefined) state.endings.deleteEviction(admitted, now);
      return true;
    },

    async list(tenant, options: ListSessionsOptions = {}) {
      handle.requireOpen();
      return listSessions(state, admitListSessions(tenant, options, limits));
    },
  };

  return { ...log, ...createScan(handle), ...createTransfer(handle) };
}
