import { MemoryError } from "@relevo/core";
import type { LeaseDriver } from "@relevo/core/store";
import type { StoreContext } from "./context.ts";
import { exactNumber } from "./database/exact-number.ts";
import { functionCall } from "./schema/function-call.ts";
import { asTexts } from "./schema/sql-text.ts";

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
        text: `select f.r_status, ${asTexts("f", ["r_until"])} from ${call} as f`,
        values,
      },
      { effect: "repeatable", signal },
    );
    return row;
  }

  return {
    pollMs: 50,

    holder() {
      throw new MemoryError("unsupported", "This store does not tell the holder of a lease yet.");
    },

    async acquire({ address, ttlMs }) {
      const { call, values } = functionCall(schema, "acquire_lease", {
        tenant: address.tenant,
        session: address.session,
        lock_ms: lockTimeoutMs,
        ttl_ms: ttlMs,
      });
      const [row] = await database.call<AcquireRow>(
        {
          name: "acquire_lease",
          text: `select f.r_status, ${asTexts("f", ["r_fence", "r_until", "r_now"])} from ${call} as f`,
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

    async release(request) {
      await change(request, undefined);
      return { ok: undefined };
    },
  };
}
