import type { StoredEvent } from "@relevo/core";
import type { TransferDriver } from "@relevo/core/store";
import { exportDocuments, importDocuments } from "./document-transfer.ts";
import { importBatch } from "./import-batch.ts";
import { recordOf } from "./operation-ledger.ts";
import { absent, refuseIncarnation, refuseVersion } from "./refusals.ts";
import { changedHeadOf, headOf } from "./session.ts";
import type { StoreState } from "./store-state.ts";

/** Moves sessions in and out of the shared memory. */
export function createTransferDriver(state: StoreState): TransferDriver {
  const { batchBytes } = state.options.limits;
  return {
    seal({ address, incarnation, fence, expectedVersion, sealed, token }) {
      const session = state.session(address, state.now());
      const refusal = refuseIncarnation(state, address, session, incarnation);
      if (refusal !== undefined) return refusal;
      if (session === undefined) return { ok: undefined };
      const stale =
        state.leases.refuseFence(address, fence) ?? refuseVersion(expectedVersion, session.log.version);
      if (stale !== undefined) return stale;
      const { token: previousToken } = session;
      if (session.sealed !== sealed) {
        session.sealed = sealed;
        state.revise(session, token);
      }
      return { ok: changedHeadOf(session, previousToken) };
    },

    export({ address, after, limit }) {
      const session = state.session(address, state.now());
      if (session === undefined) return absent(state, address);
      const { log, ttlMs } = session;
      const first = Math.max(after + 1, log.firstSeq);
      const events: StoredEvent[] = [];
      let last = Math.min(first + limit - 1, log.version);
      let bytes = 0;
      for (let seq = first; seq <= last; seq++) {
        bytes += log.bytesOf(seq);
        if (bytes > batchBytes && events.length > 0) last = seq - 1;
        else events.push(log.at(seq));
      }
      // The first batch also takes the operations whose events were trimmed, or that had none.
      const operations = session.operations.between(after === 0 ? -1 : after, last);
      return {
        ok: {
          head: headOf(session),
          ttlMs,
          events,
          operations: operations.map((entry) => recordOf(entry, session.incarnation)),
          removed: session.removed,
        },
      };
    },

    import: (request) => importBatch(state, request),
    exportDocuments: (request) => exportDocuments(state, request),
    importDocuments: (request) => importDocuments(state, request),
  };
}
