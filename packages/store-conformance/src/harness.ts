import type { Store } from "@relevo/core";

/** One fresh, empty set of data, seen through two handles. Disposing closes both and removes the data. */
export interface StoreFixture extends AsyncDisposable {
  /** The handle that cases use when one is enough. */
  readonly store: Store;
  /**
   * A second, independent handle on the same data: its own caches and connections, so that lost updates between
   * two instances show. A store that lives in one process gives a second handle over the same memory.
   */
  readonly other: Store;
  /**
   * Lets time pass for the store: a fake clock in process; where a server keeps the time, polling with a deadline
   * until that much has gone by.
   */
  advance(ms: number): Promise<void>;
  /**
   * Sets the store's wall clock back by this many milliseconds, or holds it still at 0. Absent where a server's
   * clock cannot be moved.
   */
  rewind?(ms: number): Promise<void>;
  /**
   * Loses the data of one session behind the store's back, as an eviction or a crash without durability would.
   * Absent where the store cannot lose data without losing all.
   */
  loseSession?(tenant: string, session: string): Promise<void>;
  /** How long tenant-wide `list`, `scan` and `find` may lag behind a write; 0, the default, for not at all. */
  readonly lagMs?: number;
}

/** How the kit gets at a store. One fixture for each case: cases never see each other's data. */
export interface StoreHarness {
  /** Stands in the names of the tests. */
  readonly name: string;
  open(): Promise<StoreFixture>;
  /**
   * Whether hostile input is tried at every place of the ports. Always so for a store that `createStore` did not make.
   * Those that it did share core's admission, which one store has to prove (the store in process, in this repository);
   * on the others each hostile value is tried at some of the places, to show that none of them is reached around it.
   */
  readonly provesAdmission?: boolean;
}

/** What a case gets to work with. */
export interface CaseContext extends Omit<StoreFixture, typeof Symbol.asyncDispose> {
  /** A tenant id that no other case uses. */
  readonly tenant: string;
  /** See `StoreHarness.provesAdmission`. */
  readonly everyPlace: boolean;
}

/** What a store or its fixture may lack. A case that is about nothing else names it in `needs`. */
export type Capability =
  | "transfer"
  | "documentTransfer"
  | "leases"
  | "feed"
  | "maintenance"
  | "rewind"
  | "loseSession"
  | "search";

export type ConformanceArea =
  | "log"
  | "transfer"
  | "scan"
  | "documents"
  | "leases"
  | "feed"
  | "hostile"
  | "lifecycle"
  | "search";

/**
 * One promise of the ports, with the code that finds out whether a store keeps it. A capability that a store does
 * not offer picks a branch inside `run` (the store must then refuse or be absent); it never removes the case.
 */
export interface ConformanceCase {
  /** Stable and unique, such as `log/append-is-contiguous`. A heading in docs/conformance.md carries it. */
  readonly id: string;
  readonly area: ConformanceArea;
  /** The promise, as one sentence. */
  readonly contract: string;
  /**
   * Capabilities without which the case has nothing to look at. It still runs there, and passes; its mutants are
   * not run, because no store can be broken in what it does not have, and the closing line counts them.
   */
  readonly needs?: readonly Capability[];
  /** Rejects when the promise is broken, with a message that says how. */
  run(context: CaseContext): Promise<void>;
}

/**
 * A store that is broken in one way. It wraps a correct store; the case it targets must fail on it, or the case
 * proves nothing.
 */
export interface Mutant {
  readonly id: string;
  /** The id of the case that must catch it. Others may too. */
  readonly target: string;
  /** What is broken, as one sentence. */
  readonly defect: string;
  /** Called once for each handle of the fixture; `shared` is one object for both handles of a fixture. */
  mutate(store: Store, shared: Map<string, unknown>): Store;
}
