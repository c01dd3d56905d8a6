import type { BaseStore } from "@langchain/langgraph-checkpoint";

/**
 * How the cases reach a store under test. Functions that a store cannot offer are left out; their cases are reported as
 * not offered.
 */
export interface BaseStoreHarness {
  /** A store without items. */
  create(): BaseStore | Promise<BaseStore>;
  /** Two handles on the same items, as two processes have them. */
  createPair?(): Promise<readonly [BaseStore, BaseStore]>;
  /** Stores of two tenants on the same database. */
  createTenants?(): Promise<readonly [BaseStore, BaseStore]>;
  /** A store whose items live `ttlMs` after they were put or read, and a way to let time pass. */
  createExpiring?(ttlMs: number): Promise<{
    readonly store: BaseStore;
    advance(ms: number): Promise<void>;
  }>;
  /** A store that answers queries by the words of the fields that are indexed, all of them unless an item says otherwise. */
  createSearchable?(): Promise<BaseStore>;
}

export type BaseStoreOutcome = "passed" | "failed" | "not offered";

export interface BaseStoreResult {
  /** What the case demands, as a sentence. */
  readonly name: string;
  readonly outcome: BaseStoreOutcome;
  /** What was found instead. */
  readonly problem?: string;
}

/** One demand on a store. `run` resolves with `false` when the harness does not offer what it needs. */
export interface BaseStoreCase {
  readonly name: string;
  run(harness: BaseStoreHarness): Promise<unknown>;
}
