import type { Operation, OperationRecord, OperationResult } from "@relevo/core";

/** An operation in one flat object: a log of small appends keeps as many of these as events. */
export interface LedgerEntry extends Operation {
  readonly firstSeq: number;
  readonly version: number;
  readonly revision: number;
}

/** The operations of one incarnation, by id and in the order of the versions they led to. */
export class OperationLedger {
  readonly #byId = new Map<string, LedgerEntry>();
  #byVersion: LedgerEntry[] = [];

  get size(): number {
    return this.#byId.size;
  }

  get(id: string): LedgerEntry | undefined {
    return this.#byId.get(id);
  }

  ids(): Iterable<string> {
    return this.#byId.keys();
  }

  /** Adds an operation that is not known yet. */
  add(entry: LedgerEntry): void {
    this.#byId.set(entry.id, entry);
    const last = this.#byVersion.at(-1);
    if (last === undefined || last.version <= entry.version) this.#byVersion.push(entry);
    else this.#byVersion.splice(this.#countTo(entry.version), 0, entry);
  }

  /** Those that led to a version greater than `after` and at most `last`. */
  between(after: number, last: number): readonly LedgerEntry[] {
    return this.#byVersion.slice(this.#countTo(after), this.#countTo(last));
  }

  /** How many led to this version or a smaller one. */
  #countTo(version: number): number {
    let low = 0;
    let high = this.#byVersion.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#byVersion[middle] as LedgerEntry).version <= version) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** The result that the operation's first call returned. */
export function resultOf(entry: LedgerEntry, incarnation: string): OperationResult {
  const { firstSeq, version, revision } = entry;
  return { firstSeq, version, incarnation, revision };
}

/** The operation as callers and other stores see it. */
export function recordOf(entry: LedgerEntry, incarnation: string): OperationRecord {
  const { id, fingerprint } = entry;
  return Object.freeze({ id, fingerprint, result: Object.freeze(resultOf(entry, incarnation)) });
}
