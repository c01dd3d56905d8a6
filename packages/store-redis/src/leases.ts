import type { AcquireOptions, CallOptions, Lease, Leases, RenewOptions, SessionAddress } from "@relevo/core";
import { abortError, admitCall, admitSessionAddress, conflict } from "@relevo/core/input";
import { admitAcquire, admitRenew } from "@relevo/core/store";
import type { StoreContext } from "./context.ts";
import * as scripts from "./scripts/lease.ts";

/** Who waits looks this often, since a release is not announced. In milliseconds. */
const pollMs = 25;

/** The leases port. All time is the server's. */
export function createLeases({ connection, keys, limits }: StoreContext): Leases {
  function leaseOf(key: string, fence: number, expiresAt: number, ttlMs: number): Lease {
    return Object.freeze({
      fence,
      expiresAt,
      async renew(options: RenewOptions = {}) {
        connection.requireOpen();
        const renewedTtl = admitRenew(options).ttlMs ?? ttlMs;
        const settings = { signal: options.signal, repeatable: true };
        const answer = await connection.script(scripts.renew, [key], [`${fence}`, `${renewedTtl}`], settings);
        const [status, , expires] = answer as [string, number, number];
        if (status === "lost") throw conflict("lease", {});
        return leaseOf(key, fence, expires, renewedTtl);
      },
      async release(options: CallOptions = {}) {
        connection.requireOpen();
        admitCall(options);
        const settings = { signal: options.signal, repeatable: true };
        await connection.script(scripts.release, [key], [`${fence}`], settings);
      },
    });
  }

  return {
    async acquire(address: SessionAddress, options: AcquireOptions) {
      connection.requireOpen();
      const { ttlMs, waitMs } = admitAcquire(address, options, limits);
      const { tenant, session } = admitSessionAddress(address, limits);
      const key = keys.session(tenant, session).lease;
      const until = performance.now() + waitMs;
      for (;;) {
        // Without the signal: whether a grant on its way was given could not be told, and nobody would give it back.
        const answer = await connection.script(scripts.acquire, [key], [`${ttlMs}`]);
        const [status, fence, expiresAt, leftMs] = answer as [string, number, number, number];
        if (options.signal?.aborted === true) {
          if (status === "ok")
            await connection.script(scripts.release, [key], [`${fence}`], { repeatable: true });
          throw abortError(options.signal);
        }
        if (status === "ok") return leaseOf(key, fence, expiresAt, ttlMs);
        const waits = Math.min(pollMs, leftMs, until - performance.now());
        if (waits <= 0) throw conflict("lease", { fence, expiresAt });
        await pause(waits, options.signal);
        connection.requireOpen(options.signal);
      }
    },
  };
}

/** @throws `aborted` as soon as the signal fires. */
function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(abortError(signal as AbortSignal));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
