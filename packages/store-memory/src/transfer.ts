import {
  type CallOptions,
  type DeleteSessionOptions,
  type EventTransfer,
  type ExportOptions,
  MemoryError,
  type SessionAddress,
  type StoredEvent,
  type UnsealOptions,
} from "@relevo/core";
import { admitCall, admitSessionAddress, conflict } from "@relevo/core/input";
import { admitDeleteSession, admitExport, admitTransferBatch, admitUnseal } from "@relevo/core/store";
import { requireIncarnation } from "./append.ts";
import type { Handle } from "./handle.ts";
import { importBatch } from "./import-batch.ts";
import { recordOf } from "./operation-ledger.ts";
import { changedHeadOf, headOf, type Session } from "./session.ts";

/** The transfer port over the shared memory. */
export function createTransfer(handle: Handle): EventTransfer {
  const { state } = handle;
  const { limits } = state.options;

  function setSealed(session: Session, sealed: boolean): void {
    if (session.sealed === sealed) return;
    session.sealed = sealed;
    state.revise(session);
  }

  return {
    async seal(address: SessionAddress, options: DeleteSessionOptions = {}) {
      handle.requireOpen();
      const { incarnation, expectedVersion: expected } = admitDeleteSession(options, limits);
      const session = state.session(admitSessionAddress(address, limits), state.now());
      requireIncarnation(session, incarnation);
      if (session === undefined) throw notFound();
      const { version } = session.log;
      if (expected !== undefined && expected !== version) throw conflict("version", { version });
      const { token } = session;
      setSealed(session, true);
      return changedHeadOf(session, token);
    },

    async unseal(address, options: UnsealOptions = {}) {
      handle.requireOpen();
      const incarnation = admitUnseal(options, limits);
      const session = state.session(admitSessionAddress(address, limits), state.now());
      requireIncarnation(session, incarnation);
      if (session === undefined) throw notFound();
      const { token } = session;
      setSealed(session, false);
      return changedHeadOf(session, token);
    },

    async exportEvents(address, options: ExportOptions = {}) {
      handle.requireOpen();
      const { after, limit } = admitExport(options);
      const session = state.session(admitSessionAddress(address, limits), state.now());
      if (session === undefined) return undefined;
      const { log, ttlMs } = session;
      const first = Math.max(after + 1, log.firstSeq);
      const events: StoredEvent[] = [];
      let last = Math.min(first + limit - 1, log.version);
      let bytes = 0;
      for (let seq = first; seq <= last; seq++) {
        bytes += log.bytesOf(seq);
        if (bytes > limits.batchBytes && events.length > 0) last = seq - 1;
        else events.push(log.at(seq));
      }
      // The first batch also takes the operations whose events were trimmed, or that had none.
      const operations = session.operations.between(after === 0 ? -1 : after, last);
      return {
        head: headOf(session),
        ttlMs,
        events,
        operations: operations.map((entry) => recordOf(entry, session.incarnation)),
        removed: session.removed,
      };
    },

    async importEvents(address, batch, options: CallOptions = {}) {
      handle.requireOpen();
      admitCall(options);
      return importBatch(state, admitSessionAddress(address, limits), admitTransferBatch(batch, limits));
    },
  };
}

function notFound(): MemoryError {
  return new MemoryError("not-found", "There is no such session.");
}
