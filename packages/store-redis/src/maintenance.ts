import {
  admitInteger,
  admitLimit,
  admitTenant,
  type CallOptions,
  decodeCursor,
  type ExpireResult,
  encodeCursor,
  type Maintenance,
  type PageOptions,
} from "@relevo/core";
import type { StoreContext } from "./context.ts";
import { sweepDocuments } from "./documents/sweep-documents.ts";
import { describeDurability, readSettings } from "./durability.ts";
import { buckets } from "./keys.ts";
import { sweep } from "./scripts/session.ts";

const sweepChunk = 100;

/** The upkeep port, for the operator. Redis lets go of expired keys by itself; this cleans what points at them. */
export function createMaintenance(context: StoreContext): Maintenance {
  const { connection, keys, limits } = context;

  async function sweepSessions(
    tenant: string,
    bucket: number,
    limit: number,
    now: number,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly ids: readonly string[]; readonly ended: number }> {
    const { expiring } = keys.bucket(tenant, bucket);
    const args = [
      "ZRANGEBYSCORE",
      expiring,
      "-inf",
      `${now}`,
      "LIMIT",
      "0",
      `${Math.min(limit, sweepChunk)}`,
    ];
    const ids = (await connection.read(expiring, args, { signal })) as readonly string[];
    const ended = await Promise.all(
      ids.map((id) =>
        connection.script(sweep, keys.session(tenant, id).all, [id], { signal, repeatable: true }),
      ),
    );
    return { ids, ended: ended.reduce<number>((sum, one) => sum + Number(one), 0) };
  }

  /** The server's time. A bucket's entries are looked at again by the script, so that it need not be exact. */
  async function serverTime(signal: AbortSignal | undefined): Promise<number> {
    const [seconds, micros] = (await connection.read(keys.tenants, ["TIME"], { signal })) as [string, string];
    return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
  }

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
      connection.requireOpen(options?.signal);
      const limit = admitLimit(options.limit);
      const after =
        options.cursor === undefined
          ? undefined
          : admitTenant(decodeCursor("tenants", options.cursor, 1)[0], limits);
      const items = await tenantsAfter(after, limit + 1, options.signal);
      const last = items[limit - 1];
      if (items.length <= limit || last === undefined) return { items };
      return { items: items.slice(0, limit), cursor: encodeCursor("tenants", [last]) };
    },

    async expire(options: { readonly limit?: number } & CallOptions = {}): Promise<ExpireResult> {
      connection.requireOpen(options?.signal);
      const limit = admitInteger(options.limit ?? 1000, "limit", 1);
      const { signal } = options;
      const now = await serverTime(signal);
      let sessions = 0;
      let documents = 0;
      let left = limit;
      for (let after: string | undefined; ; ) {
        const tenants = await tenantsAfter(after, sweepChunk, signal);
        for (const tenant of tenants) {
          for (let bucket = 0; bucket < buckets; bucket++) {
            for (let first: string | undefined; ; ) {
              if (left <= 0) return { sessions, documents, more: true };
              const { ids, ended } = await sweepSessions(tenant, bucket, left, now, signal);
              sessions += ended;
              left -= ended;
              // The same ones again: the server's clock has been set back.
              if (ids.length < sweepChunk || (ended === 0 && ids[0] === first)) break;
              first = ids[0];
            }
            if (left <= 0) return { sessions, documents, more: true };
            const gone = await sweepDocuments(context, tenant, bucket, left, now, signal);
            documents += gone;
            left -= gone;
          }
          after = tenant;
        }
        if (tenants.length < sweepChunk) return { sessions, documents, more: left <= 0 };
      }
    },

    async durability(options: CallOptions = {}) {
      connection.requireOpen(options?.signal);
      return describeDurability(await readSettings(connection, options.signal));
    },
  };
}
