import type { AcquireOptions, CallOptions, Lease, Leases, RenewOptions, SessionAddress } from "@relevo/core";
import { abortError, admitCall, admitSessionAddress, conflict } from "@relevo/core/input";
import { admitAcquire, admitRenew } from "@relevo/core/store";
import type { StoreContext } from "./context.ts";
import { requireDone } from "./log/status.ts";
import * as scripts from "./scripts/scripts.generated.ts";

/** Who waits looks this often, since a release is not announced. In milliseconds. */
const pollMs = 25;

/** The leases port. All time is the server's. */
export function createLeases({ connection, keys, limits }: StoreContext): Leases {
  function leaseOf(lease: string, fence: number, expiresAt: number, ttlMs: number): Lease {
    return Object.freeze({
      fence,
      expiresAt,
      async renew(options: RenewOptions = {}) {
        connection.requireOpen();
        const renewedTtl = admitRenew(options).ttlMs ?? ttlMs;
        const settings = { signal: options.signal, repeatable: true };
        const answer = await connection.script(
          scripts.renew,
          { lease },
          { token: fence, ttl: renewedTtl },
          settings,
        );
        const [status, , expires] = requireDone(answer) as unknown as [string, number, number];
        if (status === "lost") throw conflict("lease", {});
        return leaseOf(lease, fence, expires, renewedTtl);
      },
      async release(options: CallOptions = {}) {
        connection.requireOpen();
        admitCall(options);
        const settings = { signal: options.signal, repeatable: true };
        requireDone(await connection.script(scripts.release, { lease }, { token: fence }, settings));
      },
    });
  }

  return {
    async acquire(address: SessionAddress, options: AcquireOptions) {
      connection.requireOpen();
      const { ttlMs, waitMs } = admitAcquire(address, options, limits);
      const { tenant, session } = admitSessionAddress(address, limits);
      const { lease } = keys.session(tenant, session);
      const until = performance.now() + waitMs;
      for (;;) {
        // Without the signal: whether a grant on its way was given could not be told, and nobody would give it back.
        const answer = await connection.script(scripts.acquire, { lease }, { ttl: ttlMs });
        const [status, fence, expiresAt, leftMs] = requireDone(answer) as unknown as [
          string,
          number,
          number,
          number,
        ];
        if (options.signal?.aborted === true) {
          if (status === "ok")
            await connection.script(scripts.release, { lease }, { token: fence }, { repeatable: true });
          throw abortError(options.signal);
        }
        if (status === "ok") return leaseOf(lease, fence, expiresAt, ttlMs);
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
