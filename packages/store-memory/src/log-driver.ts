import { rangesOf } from "@relevo/core/input";
import type { LogDriver } from "@relevo/core/store";
import { append } from "./append.ts";
import { jsonSize } from "./json-size.ts";
import { listSessions } from "./list-sessions.ts";
import { recordOf } from "./operation-ledger.ts";
import { readBelow, readEvents } from "./read-events.ts";
import { absent, refuseChange, refuseIncarnation, refuseVersion } from "./refusals.ts";
import { changedHeadOf, headOf, noteRemoval, type Session } from "./session.ts";
import type { StoreState } from "./store-state.ts";

/** The most events that one `trim` removes, so that no call holds up the process. */
const trimLimit = 10_000;

/** The log over the shared memory. */
export function createLogDriver(state: StoreState): LogDriver {
  function touched(session: Session, token: string, now: number): void {
    state.revise(session, token);
    state.chargeSession(session, now);
  }

  return {
    append: (request) => append(state, request),
    presentToken: (address) => state.session(address, state.now())?.token,

    operation({ address, id }) {
      const session = state.session(address, state.now());
      if (session === undefined) return absent(state, address);
      const entry = session.operations.get(id);
      return { ok: entry && recordOf(entry, session.incarnation) };
    },

    read(request) {
      const { address } = request;
      const session = state.session(address, state.now());
      if (session === undefined) return absent(state, address);
      const { incarnation, revision, removalRevision, token } = session;
      const { version } = session.log;
      if (request.unlessToken === token)
        return { ok: { incarnation, version, revision, removalRevision, token, events: [] } };
      const { events, next } = readEvents(session.log, request);
      const result =
        next === undefined
          ? { incarnation, version, revision, removalRevision, token, events }
          : { incarnation, version, revision, removalRevision, token, events, next };
      const { below } = request;
      return {
        ok: below === undefined ? result : { ...result, below: readBelow(session.log, below, events) },
      };
    },

    head({ address }) {
      const session = state.session(address, state.now());
      return session === undefined ? absent(state, address) : { ok: headOf(session) };
    },

    touch({ address, incarnation, ttlMs, subject, metadata, token }) {
      const now = state.now();
      const session = state.session(address, now);
      const metadataBytes = metadata === undefined ? 0 : jsonSize(metadata);
      const refusal =
        refuseChange(state, address, session, incarnation) ??
        (session && state.refuseGrowth(session, Math.max(0, metadataBytes - session.metadataBytes)));
      if (refusal !== undefined) return refusal;
      if (session === undefined) return { ok: undefined };
      const { token: previousToken, expiresAt: before } = session;
      if (ttlMs !== undefined) session.ttlMs = ttlMs ?? undefined;
      state.refresh(session, now);
      session.updatedAt = now;
      session.tenant.moveSession(session);
      if (subject !== undefined) session.tenant.changeSubject(session, subject);
      if (metadata !== undefined) {
        session.metadata = metadata;
        session.metadataBytes = metadataBytes;
      }
      if (subject !== undefined || metadata !== undefined || before !== session.expiresAt)
        touched(session, token, now);
      return { ok: changedHeadOf(session, previousToken) };
    },

    trim({ address, incarnation, token, beforeSeq = Number.POSITIVE_INFINITY, olderThan }) {
      const now = state.now();
      const session = state.session(address, now);
      const refusal = refuseChange(state, address, session, incarnation);
      if (refusal !== undefined) return refusal;
      if (session === undefined) return { ok: undefined };
      const { token: previousToken } = session;
      const { removed, more } = session.log.trim(
        (event) => event.seq < beforeSeq && (olderThan === undefined || event.recordedAt < olderThan),
        trimLimit,
      );
      const { firstSeq } = session.log;
      if (removed > 0) {
        touched(session, token, now);
        noteRemoval(session, [{ from: firstSeq - removed, to: firstSeq - 1 }]);
      }
      const { removalRevision } = session;
      return { ok: { removed, firstSeq, more, removalRevision, token: session.token, previousToken } };
    },

    erase({ address, incarnation, ranges, kept, token }) {
      const now = state.now();
      const session = state.session(address, now);
      const refusal = refuseIncarnation(state, address, session, incarnation);
      if (refusal !== undefined) return refusal;
      if (session === undefined) return { ok: undefined };
      const { token: previousToken } = session;
      const { blank, changed } = session.log.blank({ ranges, kept }, now);
      if (changed.length > 0) {
        touched(session, token, now);
        noteRemoval(session, rangesOf(changed));
      }
      const { revision, removalRevision } = session;
      return { ok: { erased: blank, revision, removalRevision, token: session.token, previousToken } };
    },

    delete({ address, incarnation, fence, expectedVersion, expectedToken }) {
      const now = state.now();
      // What was evicted is deleted like what is here: that is how a caller says that the loss is understood.
      const eviction = state.endings.evictionOf(address);
      const session = eviction === undefined ? state.session(address, now) : undefined;
      const found = eviction ?? session;
      if (found === undefined) return { ok: false };
      if (incarnation !== undefined && incarnation !== found.incarnation) return { ok: false };
      const refusal =
        state.leases.refuseFence(address, fence) ??
        refuseVersion(expectedVersion, eviction?.version ?? session?.log.version ?? 0);
      if (refusal !== undefined) return refusal;
      // Of what was evicted no token is known.
      if (expectedToken !== undefined && expectedToken !== session?.token) return { refused: "token" };
      if (session !== undefined) state.endSession(session, now);
      if (eviction !== undefined) state.endings.deleteEviction(address, now);
      return { ok: true };
    },

    list: (request) => ({ ok: listSessions(state, request) }),
  };
}
