import { type FactChanges, FactTable } from "./fact-table.ts";

/** Of tenants with at most so many items the facts are kept; about 80 bytes an item. Larger ones are read by the question. */
export const keptItems = 500_000;
/** Of all tenants together, each with as many more as the least table of one takes. */
const mostKept = 1_000_000;
const leastItems = 1000;
const mostSeen = 10_000;

/** The facts of one tenant as of one version. */
export class KeptFacts {
  table: FactTable = new FactTable();
  version = 0;
  /** Moves when the table begins again: what was asked for before does not fit any more. */
  #beginning = 0;

  /** Remembered from before a call, for `take`. */
  get beginning(): number {
    return this.#beginning;
  }

  /**
   * Takes over what a call answered, so that the table is as of its moment. False when it has become newer meanwhile, or
   * begun again: then the call has to be repeated.
   */
  take(
    changes: FactChanges & { readonly version: number; readonly anew: boolean },
    facts: Buffer,
    beginning: number,
  ): boolean {
    if (beginning !== this.#beginning) return false;
    if (changes.anew) this.forget();
    else if (changes.version < this.version) return false;
    try {
      if (changes.version > this.version || changes.anew) this.table.apply(changes, facts);
    } catch (error) {
      // A part of it may have been taken over.
      this.forget();
      throw error;
    }
    this.version = changes.version;
    return true;
  }

  forget(): void {
    this.table = new FactTable();
    this.version = 0;
    this.#beginning++;
  }
}

/**
 * Facts that readings need, kept in the process between them: fetching and decoding those of 100,000 items takes several
 * times as long as the rest of a reading. Each reading names the version that it knows, and the database answers in the same
 * moment with what has changed since, so what is kept is never older than the postings. It holds no words.
 */
export class FactCache {
  readonly #kept: Map<string, KeptFacts> = new Map();
  readonly #seen: Set<string> = new Set();

  /** What is kept of a tenant; `undefined` for one that is read for the first time, of which a part may be enough. */
  of(tenant: string): KeptFacts | undefined {
    const kept = this.#kept.get(tenant);
    if (kept !== undefined) {
      // The last one that was used stands last.
      this.#kept.delete(tenant);
      this.#kept.set(tenant, kept);
      return kept;
    }
    if (!this.#seen.has(tenant)) {
      if (this.#seen.size >= mostSeen) this.#seen.clear();
      this.#seen.add(tenant);
      return undefined;
    }
    const added = new KeptFacts();
    this.#kept.set(tenant, added);
    return added;
  }

  /** Lets go of the tenants that were used longest ago, when more is kept than may be. */
  trim(): void {
    let items = 0;
    for (const { table } of this.#kept.values()) items += table.size + leastItems;
    for (const [tenant, { table }] of this.#kept) {
      if (items <= mostKept) return;
      items -= table.size + leastItems;
      this.forget(tenant);
    }
  }

  forget(tenant: string): void {
    this.#kept.delete(tenant);
    this.#seen.delete(tenant);
  }
}
