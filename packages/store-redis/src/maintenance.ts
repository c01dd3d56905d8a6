import type { CallOptions, ExpireOptions, ExpireResult, Maintenance, PageOptions } from "@relevo/core";
import { admitCall } from "@relevo/core/input";
import { admitExpire, admitTenants, encodeCursor } from "@relevo/core/store";
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

/** The upkeep port, for the operator. Redis lets go of expired keys by itself; this cleans what points at them. */
export function createMaintenance(context: StoreContext): Maintenance {
  const { connection, keys, limits } = context;
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
    async tenants(options: PageOptions = {}) {
      connection.requireOpen();
      const { limit, after } = admitTenants(options, limits);
      const items = await tenantsAfter(after, limit + 1, options.signal);
      const last = items[limit - 1];
      if (items.length <= limit || last === undefined) return { items };
      return { items: items.slice(0, limit), cursor: encodeCursor("tenants", [last]) };
    },

    async expire(options: ExpireOptions = {}): Promise<ExpireResult> {
      connection.requireOpen();
      const { limit } = admitExpire(options);
      const signal = connection.scope(options.signal);
      // What is left of the time is for the page of tenants at which it ends.
      const enoughAt = performance.now() + connection.deadlineMs / 2;
      const allowance = new Allowance(limit);
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
          if (isOver) return { sessions, documents, more: true };
        }
        await context.tenants.forget(
          tenants.filter((tenant) => !filled.has(tenant)),
          signal,
        );
        place = tenants.length < tenantChunk ? undefined : tenants.at(-1);
        if (place === undefined) return { sessions, documents, more: false };
        if (performance.now() >= enoughAt) return { sessions, documents, more: true };
      }
    },

    async durability(options: CallOptions = {}) {
      connection.requireOpen();
      admitCall(options);
      return describeDurability(await readSettings(connection, options.signal));
    },
  };
}
