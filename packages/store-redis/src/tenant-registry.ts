import { LRUCache } from "lru-cache";
import type { Connection } from "./connection/connection.ts";
import type { Keys } from "./keys.ts";
import { forget, register } from "./scripts/scripts.generated.ts";

/** Tenants that a process remembers to have registered. */
const maxRemembered = 10_000;
/** After this it registers again, should the registry have been lost. In milliseconds. */
const rememberMs = 60_000;
/**
 * How long a registration holds at least. A write may come that much later than the registration that it relies on:
 * a minute and a deadline by rights, a little more for a process or a server that stood still in between.
 */
const holdMs = 25 * 3_600_000;

export interface TenantRegistry {
  /** Whether `register` would do nothing. */
  isRegistered(tenant: string): boolean;
  /** Makes sure that the tenant is registered, before its first write. */
  register(tenant: string, signal: AbortSignal | undefined): Promise<void>;
  /** Forgets those of these that nobody has registered for a day. They have been looked at, and had nothing. */
  forget(tenants: readonly string[], signal: AbortSignal | undefined): Promise<void>;
}

/**
 * The tenants that maintenance goes through. They have a slot of their own, so that they are written before the
 * tenant's first write rather than with it: a name too many is harmless, one too few is not.
 */
export function createTenantRegistry(connection: Connection, { tenants, tenantsSeen }: Keys): TenantRegistry {
  // Otherwise it starts a timer each millisecond that it is asked in.
  const known = new LRUCache<string, true>({
    maxSize: maxRemembered,
    sizeCalculation: () => 1,
    ttl: rememberMs,
    ttlResolution: 0,
  });
  const keys = { tenants, tenantsSeen };
  // Nothing that the caller asked for: a lost answer leaves it in no doubt.
  const harmless = { ...register, writes: false };
  return {
    isRegistered: (tenant) => known.has(tenant),
    async register(tenant, signal) {
      if (known.has(tenant)) return;
      await connection.script(harmless, keys, { tenant }, { signal });
      known.set(tenant, true);
    },
    async forget(empty, signal) {
      if (empty.length === 0) return;
      await connection.script(forget, keys, { hold: holdMs, empty }, { signal, repeatable: true });
    },
  };
}
