import type { AcquireOptions, CallOptions, Lease, Leases, RenewOptions, SessionAddress } from "@relevo/core";
import {
  abortError,
  admitCall,
  admitSessionAddress,
  closedError,
  conflict,
  throwIfAborted,
} from "@relevo/core/input";
import { admitAcquire, admitRenew } from "@relevo/core/store";
import type { StoreContext } from "./context.ts";
import { exactNumber } from "./database/exact-number.ts";
import { functionCall } from "./schema/function-call.ts";
import { asTexts } from "./schema/sql-text.ts";

/** Who waits looks again this often at first, and seldom more than that later. In milliseconds. */
const firstPollMs = 10;
const lastPollMs = 100;

interface AcquireRow {
  readonly r_status: "done" | "lease";
  /** These as `asText` gives them. */
  readonly r_fence: string;
  readonly r_until: string;
  readonly r_now: string;
}

interface RenewRow {
  readonly r_status: "done" | "lease";
  readonly r_until: string | null;
}

/** The leases, with the end of the waits that are under way. */
export interface OwnedLeases extends Leases {
  close(): void;
}

/**
 * The leases port. Who waits polls: a notification would need a session of its own, which a pooler in transaction mode
 * does not give.
 */
export function createLeases(context: StoreContext): OwnedLeases {
  const { database, lockTimeoutMs } = context;
  const { schema, limits } = database;
  const waits = new Set<(error: Error) => void>();

  async function tryAcquire({ tenant, session }: SessionAddress, ttlMs: number): Promise<AcquireRow> {
    const { call, values } = functionCall(schema, "acquire_lease", {
      tenant,
      session,
      lock_ms: lockTimeoutMs,
      ttl_ms: ttlMs,
    });
    const [row] = await database.call<AcquireRow>(
      {
        name: "acquire_lease",
        text: `select f.r_status, ${asTexts("f", ["r_fence", "r_until", "r_now"])}
  from ${call} as f`,
        values,
      },
      { effect: "once" },
    );
    return row as AcquireRow;
  }

  async function change(
    { tenant, session }: SessionAddress,
    fence: number,
    ttlMs: number | null,
    { signal }: CallOptions,
  ): Promise<RenewRow> {
    const { call, values } = functionCall(schema, "renew_lease", {
      tenant,
      session,
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
    return row as RenewRow;
  }

  function leaseOf(address: SessionAddress, fence: number, expiresAt: number, ttlMs: number): Lease {
    return Object.freeze({
      fence,
      expiresAt,
      async renew(options: RenewOptions = {}) {
        database.requireOpen();
        const renewedTtl = admitRenew(options).ttlMs ?? ttlMs;
        const row = await change(address, fence, renewedTtl, options);
        if (row.r_status === "lease" || row.r_until === null) throw conflict("lease", {});
        return leaseOf(address, fence, exactNumber(row.r_until), renewedTtl);
      },
      async release(options: CallOptions = {}) {
        database.requireOpen();
        await change(address, fence, null, admitCall(options));
      },
    });
  }

  /** @throws `aborted`; `closed` */
  async function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer);
        waits.delete(refuseWait);
        signal?.removeEventListener("abort", onAbort);
      };
      const timer = setTimeout(() => {
        end();
        resolve();
      }, ms);
      const refuseWait = (error: Error): void => {
        end();
        reject(error);
      };
      const onAbort = (): void => refuseWait(abortError(signal as AbortSignal));
      waits.add(refuseWait);
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  return {
    async acquire(input: SessionAddress, options: AcquireOptions) {
      database.requireOpen();
      const { ttlMs, waitMs } = admitAcquire(input, options, limits);
      const address = admitSessionAddress(input, limits);
      const end = performance.now() + waitMs;
      for (let pollMs = firstPollMs; ; pollMs = Math.min(pollMs * 2, lastPollMs)) {
        // Not given the signal: a lease that was granted to nobody would keep everybody out until it ran out.
        const row = await tryAcquire(address, ttlMs);
        const [fence, expiresAt] = [exactNumber(row.r_fence), exactNumber(row.r_until)];
        if (row.r_status === "done") {
          if (!options.signal?.aborted) return leaseOf(address, fence, expiresAt, ttlMs);
          await change(address, fence, null, {});
        }
        throwIfAborted(options.signal);
        const leftMs = end - performance.now();
        if (leftMs <= 0) throw conflict("lease", { fence, expiresAt });
        // Not before the lease may have run out, unless it is given back before, which only a look can tell.
        const untilFreeMs = Math.max(1, expiresAt - exactNumber(row.r_now));
        const waiting = Math.min(pollMs * (0.75 + Math.random() / 2), untilFreeMs, leftMs);
        await sleep(waiting, options.signal);
      }
    },

    close() {
      for (const refuseWait of [...waits]) refuseWait(closedError());
    },
  };
}
