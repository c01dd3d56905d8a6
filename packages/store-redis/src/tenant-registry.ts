import { LRUCache } from "lru-cache";
import type { Connection } from "./connection/connection.ts";
import type { Keys } from "./keys.ts";

/** Tenants that a process remembers to have registered. */
const maxRemembered = 10_000;
/** After this it registers again, should the registry have been lost. In milliseconds. */
const rememberMs = 60_000;

/**
 * Puts tenants in the registry that maintenance goes through. It has a slot of its own, so it is written before the
 * tenant's first write rather than with it: a name too many is harmless, one too few is not.
 */
export function createTenantRegistry(
  connection: Connection,
  { tenants }: Keys,
): (tenant: string, signal: AbortSignal | undefined) => Promise<void> {
  const known = new LRUCache<string, true>({ max: maxRemembered, ttl: rememberMs });
  return async (tenant, signal) => {
    if (known.has(tenant)) return;
    await connection.write(tenants, ["ZADD", tenants, "0", tenant], { signal });
    known.set(tenant, true);
  };
}
