import type { StoredEvent } from "../events.ts";
import type { OperationRecord, SessionHead } from "../ports/event-log.ts";
import type { Answer, ImportRefusal } from "./answer.ts";
import { type AdmittedTransferBatch, compareCopies } from "./transfer-batch.ts";

/** What `planImport` needs to know of the session that is here: one state of it. */
export interface ImportTarget
  extends Pick<SessionHead, "incarnation" | "version" | "revision" | "firstSeq" | "sealed"> {
  /** The event with this `seq` when it is among `firstSeq` … `version`; only those of the batch are asked for. */
  event(seq: number): StoredEvent | undefined;
  /** The fingerprint under which this operation of the incarnation is known. */
  fingerprint(operation: string): string | undefined;
}

/** What an import has to write. */
export interface ImportPlan {
  /** True when there is no session yet: it is created sealed, with what the batch's head says. */
  readonly creates: boolean;
  /** True when the batch adds events or operations to a session that is here; the head is then the batch's. */
  readonly adds: boolean;
  /** Those that are not here yet, ascending. Retractions among them take effect, unless they were erased. */
  readonly events: AdmittedTransferBatch["events"];
  /** Sum over `events`. */
  readonly bytes: number;
  readonly operations: readonly OperationRecord[];
  /** What is here with its content and was erased there; it is erased here too, with what is derived from it. */
  readonly erased: readonly number[];
  /** As `erased`, but what was derived from it stays, as it did there. */
  readonly kept: readonly number[];
  /** The session's revision when the plan changes anything: never one that it had already. */
  readonly revision: number;
}

/**
 * Compares a batch with what is here. What is here must be the same and is left alone, except that an erasure wins on
 * either side: content that one copy has lost for good must not come back through the other.
 */
export function planImport(
  batch: AdmittedTransferBatch,
  here: ImportTarget | undefined,
): Answer<ImportPlan> & (ImportRefusal | { readonly refused?: undefined }) {
  const { head } = batch;
  if (here !== undefined && here.incarnation !== head.incarnation) {
    return { refused: "incarnation", current: here.incarnation };
  }
  const version = here?.version ?? head.firstSeq - 1;
  const erased: number[] = [];
  const kept: number[] = [];
  if (here !== undefined) {
    for (const { event } of batch.events) {
      if (event.seq < here.firstSeq || event.seq > version) continue;
      const ours = here.event(event.seq);
      if (ours === undefined) continue;
      const compared = compareCopies(ours, event);
      if (compared === "other") return { refused: "import", seq: event.seq };
      if (compared === "erased") erased.push(event.seq);
      if (compared === "kept") kept.push(event.seq);
    }
  }
  const operations: OperationRecord[] = [];
  for (const operation of batch.operations) {
    const known = here?.fingerprint(operation.id);
    if (known === undefined) operations.push(operation);
    else if (known !== operation.fingerprint) return { refused: "import", operation: operation.id };
  }
  const events = batch.events.filter(({ event }) => event.seq > version);
  const first = events[0]?.event.seq;
  if (first !== undefined && first !== version + 1) return { refused: "gap", current: version };
  const start = batch.events[0]?.event.seq;
  if (start !== undefined && start < head.firstSeq) return { refused: "before-head" };
  const adds = events.length > 0 || operations.length > 0;
  if (adds && here !== undefined && here.sealed !== true) return { refused: "unsealed", current: version };
  return {
    ok: {
      creates: here === undefined,
      adds: adds && here !== undefined,
      events,
      bytes: events.reduce((sum, one) => sum + one.bytes, 0),
      operations,
      erased,
      kept,
      revision: here === undefined ? head.revision : Math.max(here.revision + 1, head.revision),
    },
  };
}
