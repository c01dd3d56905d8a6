import type { IdGenerator, Limits, SessionAddress } from "@relevo/core";
import type { LRUCache } from "lru-cache";
import type { Connection } from "./connection/connection.ts";
import type { Keys, SessionKeys } from "./keys.ts";
import type { TenantRegistry } from "./tenant-registry.ts";

/** What the drivers of one store share. */
export interface StoreContext {
  readonly connection: Connection;
  readonly keys: Keys;
  sessionKeys(address: SessionAddress): SessionKeys;
  readonly limits: Limits;
  /** For incarnations. */
  readonly ids: IdGenerator;
  /** Idle lifetime of new sessions; `undefined` for ever. */
  readonly ttlMs: number | undefined;
  /** Whether the lifetime of new sessions ends when it was set to, instead of beginning again with each write. */
  readonly fixedExpiry: boolean;
  readonly tenants: TenantRegistry;
  /** Logs that this process has appended to, the latest of them. Those that it has not are appended to by a script that can begin one. */
  readonly seen: LRUCache<string, true>;
}
