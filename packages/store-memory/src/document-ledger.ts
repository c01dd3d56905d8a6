import type { Unit } from "@relevo/core";
import type { DocumentOperationRecord } from "@relevo/core/store";
import type { Endings } from "./endings.ts";
import type { Session } from "./session.ts";

/** How long the operations of an owner's documents are remembered. In milliseconds; 25 hours, one to spare. */
const ownerMemoryMs = 25 * 3600 * 1000;

/** The operations of document writes in one unit. */
export interface DocumentLedger {
  /** What is remembered; `ended` when it was an operation of an incarnation that has ended. */
  get(id: string, now: number): DocumentOperationRecord | "ended" | undefined;
  add(id: string, record: DocumentOperationRecord, now: number): void;
}

/** Operations of owners' documents by unit and id, in the order of time; bounded by count. */
export class OwnerOperations {
  readonly #records = new Map<string, { readonly record: DocumentOperationRecord; readonly at: number }>();
  readonly #most: number;
  readonly #onForgotten: () => void;

  constructor(most: number, onForgotten: () => void) {
    this.#most = most;
    this.#onForgotten = onForgotten;
  }

  get(key: string): DocumentOperationRecord | undefined {
    return this.#records.get(key)?.record;
  }

  add(key: string, record: DocumentOperationRecord, now: number): void {
    this.#records.set(key, { record, at: now });
    for (const [oldest, { at }] of this.#records) {
      const isOver = now - at >= ownerMemoryMs;
      if (!isOver && this.#records.size <= this.#most) return;
      this.#records.delete(oldest);
      if (!isOver) this.#onForgotten();
    }
  }

  clear(): void {
    this.#records.clear();
  }
}

/** The id under which the end of a session remembers an operation of its documents, apart from those of its log. */
export function endedDocumentOperation(id: string): string {
  return `\0${id}`;
}

/** Where ledgers are kept. */
export interface LedgerPlaces {
  readonly endings: Endings;
  readonly ownerOperations: OwnerOperations;
}

/** The ledger of a unit; of a session that is not there it only knows what has ended. */
export function ledgerOf(places: LedgerPlaces, unit: Unit, session: Session | undefined): DocumentLedger {
  if ("session" in unit) {
    return {
      get: (id) =>
        session?.documentOperations.get(id) ??
        (places.endings.knowsOperation(unit, endedDocumentOperation(id)) ? "ended" : undefined),
      add: (id, record) => session?.documentOperations.set(id, record),
    };
  }
  const keyOf = (id: string): string => [unit.tenant, ...unit.owner, "", id].join("\0");
  return {
    get: (id) => places.ownerOperations.get(keyOf(id)),
    add: (id, record, now) => places.ownerOperations.add(keyOf(id), record, now),
  };
}
