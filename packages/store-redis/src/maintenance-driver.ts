import type { MaintenanceDriver } from "@relevo/core/store";
import type { StoreContext } from "./context.ts";
import { describeDurability, readSettings } from "./durability.ts";
import { buckets } from "./keys.ts";
import { mapConcurrently } from "./map-concurrently.ts";
import { Allowance, sweepBucket } from "./sweep-bucket.ts";

/** Tenants that are looked at together, and how many of their buckets at the same time. */
const tenantChunk = 16;
const atOnce = 16;

interface Bucket {
  readonly tenant: string;
  readonly bucket: number;
}

function bucketsOf(tenant: string): readonly Bucket[] {
  return Array.from({ length: buckets }, (_, bucket) => ({ tenant, bucket }));
}

/** The upkeep. Redis lets go of expired keys by itself; this cleans what points at them. */
export function createMaintenanceDriver(context: StoreContext): MaintenanceDriver {
  const { connection, keys } = context;
  /** Behind which tenant `expire` goes on: a round through very many takes more than one call. */
  let place: string | undefined;

  async function tenantsAfter(
    after: string | undefined,
    limit: number,
    signal: AbortSignal | undefined,
  ): Promise<readonly string[]> {
    const low = after === undefined ? "-" : `(${after}`;
    const args = ["ZRANGEBYLEX", keys.tenants, low, "+", "LIMIT", "0", `${limit}`];
    return (await connection.read(keys.tenants, args, { signal })) as readonly string[];
  }

  return {
    async tenants({ limit, after, signal }) {
      const items = await tenantsAfter(after, limit + 1, signal);
      if (items.length <= limit) return { ok: { items } };
      return { ok: { items: items.slice(0, limit), next: items[limit - 1] } };
    },

    async expire(request) {
      const signal = connection.scope(request.signal);
      // What is left of the time is for the page of tenants at which it ends.
      const enoughAt = performance.now() + connection.deadlineMs / 2;
      const allowance = new Allowance(request.limit);
      let sessions = 0;
      let documents = 0;
      for (;;) {
        const tenants = await tenantsAfter(place, tenantChunk, signal);
        const filled = new Set<string>();
        let left: readonly Bucket[] = tenants.flatMap(bucketsOf);
        while (left.length > 0) {
          const swept = await mapConcurrently(left, atOnce, (one) =>
            sweepBucket(context, one, allowance, signal),
          );
          for (const one of swept) {
            sessions += one.sessions;
            documents += one.documents;
          }
          for (const [index, { tenant }] of left.entries())
            if (swept[index]?.empty !== true) filled.add(tenant);
          left = left.filter((_, index) => swept[index]?.more === true);
          const isOver = allowance.left === 0 || (left.length > 0 && performance.now() >= enoughAt);
          if (isOver) return { ok: { sessions, documents, more: true } };
        }
        await context.tenants.forget(
          tenants.filter((tenant) => !filled.has(tenant)),
          signal,
        );
        place = tenants.length < tenantChunk ? undefined : tenants.at(-1);
        if (place === undefined) return { ok: { sessions, documents, more: false } };
        if (performance.now() >= enoughAt) return { ok: { sessions, documents, more: true } };
      }
    },

    async durability({ signal }) {
      return { ok: describeDurability(await readSettings(connection, signal)) };
    },
  };
}
