import type { Limits } from "../limits.ts";
import type { ChangeFeed } from "./change-feed.ts";
import type { CallOptions, Page, PageOptions } from "./common.ts";
import type { DocumentStore } from "./document-store.ts";
import type { EventLog } from "./event-log.ts";
import type { Leases } from "./leases.ts";
import type { SearchIndex } from "./search-index.ts";

/** What an acknowledged write survives. */
export interface Durability {
  /**
   * - `nothing`: a restart loses everything, or all since some minutes ago.
   * - `all-but-seconds`: a crash of the process that stores, or of its machine, loses the newest seconds at most.
   * - `process-crash`: nothing is lost when that process is killed.
   * - `machine-crash`: nothing is lost when the machine stops.
   */
  readonly survives: "nothing" | "all-but-seconds" | "process-crash" | "machine-crash";
  /** In words, as the server's settings say: `AOF everysec: a crash may lose the newest two seconds`. */
  readonly detail: string;
}

export interface ExpireOptions extends CallOptions {
  /** At most this many sessions and documents; 1,000 when left out. */
  readonly limit?: number | undefined;
}

export interface ExpireResult {
  readonly sessions: number;
  readonly documents: number;
  /** True when the batch was full and there may be more. */
  readonly more: boolean;
}

/** Upkeep across tenants, for the operator and never for a tenant. */
export interface Maintenance {
  tenants(options?: PageOptions): Promise<Page<string>>;
  /** Removes at most `limit` expired sessions and documents. Expired ones are invisible before that too. */
  expire(options?: ExpireOptions): Promise<ExpireResult>;
  durability(options?: CallOptions): Promise<Durability>;
}

/** What a store package exports: its ports over one set of data. */
export interface Store extends AsyncDisposable {
  /** What this store admits; larger input is refused with `too-large` or `invalid-input`. */
  readonly limits: Limits;
  readonly log: EventLog;
  readonly documents: DocumentStore;
  readonly leases?: Leases;
  readonly feed?: ChangeFeed;
  readonly search?: SearchIndex;
  readonly maintenance?: Maintenance;
  /** Ends background work and refuses further calls with `closed`. Idempotent. Injected clients stay open. */
  close(): Promise<void>;
}
