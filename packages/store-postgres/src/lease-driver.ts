import type { LeaseDriver } from "@relevo/core/store";
import type { StoreContext } from "./context.ts";
import { exactNumber } from "./database/exact-number.ts";
import { functionCall } from "./schema/function-call.ts";
import { asTexts, nowMs } from "./schema/sql-text.ts";

interface AcquireRow {
  readonly r_status: "done" | "lease";
  /** These as `asText` gives them. */
  readonly r_fence: string;
  readonly r_until: string;
  readonly r_now: string;
}

interface RenewRow {
  readonly r_status: "done" | "lease";
  readonly r_until: string;
}

/** The leases. */
export function createLeaseDriver({ database, lockTimeoutMs }: StoreContext): LeaseDriver {
  const { schema } = database;

  /** Without a time to live it gives the lease back. */
  async function change(
    { address, fence, signal }: Parameters<LeaseDriver["release"]>[0],
    ttlMs: number | undefined,
  ): Promise<RenewRow | undefined> {
    const { call, values } = functionCall(schema, "renew_lease", {
      tenant: address.tenant,
      session: address.session,
      lock_ms: lockTimeoutMs,
      fence,
      ttl_ms: ttlMs,
    });
    const [row] = await database.call<RenewRow>(
      {
        name: "renew_lease",
        text: () => `select f.r_status, ${asTexts("f", ["r_until"])} from ${call()} as f`,
        values,
      },
      { effect: "repeatable", signal },
    );
    return row;
  }

  return {
    pollMs: 50,

    async acquire({ address, ttlMs, takeOver }) {
      const { call, values } = functionCall(schema, "acquire_lease", {
        tenant: address.tenant,
        session: address.session,
        lock_ms: lockTimeoutMs,
        ttl_ms: ttlMs,
        take_over: takeOver,
      });
      const [row] = await database.call<AcquireRow>(
        {
          name: "acquire_lease",
          text: () =>
            `select f.r_status, ${asTexts("f", ["r_fence", "r_until", "r_now"])} from ${call()} as f`,
          values,
        },
        { effect: "once" },
      );
      const { r_status, r_fence, r_until, r_now } = row as AcquireRow;
      const grant = { fence: exactNumber(r_fence), expiresAt: exactNumber(r_until) };
      return r_status === "done"
        ? { ok: grant }
        : { refused: "held", ...grant, leftMs: grant.expiresAt - exactNumber(r_now) };
    },

    async renew(request) {
      const row = await change(request, request.ttlMs);
      if (row?.r_status !== "done") return { refused: "lease" };
      return { ok: { fence: request.fence, expiresAt: exactNumber(row.r_until) } };
    },

    async holder({ address, signal }) {
      const [row] = await database.call<{ readonly fence: string; readonly lease_until: string }>(
        {
          name: "lease_holder",
          text: `select ${asTexts("s", ["fence", "lease_until"])}
from (select set_config('relevo.tenant', $1, true) as tenant offset 0) as scope
cross join lateral (
  select s.fence, s.lease_until from ${schema}.sessions as s
  where s.tenant = scope.tenant and s.session = $2 and s.lease_until > ${nowMs}
  offset 0
) as s`,
          values: [address.tenant, address.session],
        },
        { effect: "read", signal },
      );
      return {
        ok: row && { fence: exactNumber(row.fence), expiresAt: exactNumber(row.lease_until) },
      };
    },

    async release(request) {
      await change(request, undefined);
      return { ok: undefined };
    },
  };
}
