import type { AcquireOptions, CallOptions, Lease, Leases, RenewOptions, SessionAddress } from "@relevo/core";
import { admitCall, admitSessionAddress } from "@relevo/core/input";
import { admitAcquire, admitRenew } from "@relevo/core/store";
import type { Handle } from "./handle.ts";
import type { Grant } from "./lease-table.ts";
import { letOthersRun } from "./let-others-run.ts";

/** The leases port over the shared table. */
export function createLeases(handle: Handle): Leases {
  const { state } = handle;

  function leaseOf(address: SessionAddress, grant: Grant, ttlMs: number): Lease {
    const calls = {
      async renew(options: RenewOptions = {}) {
        handle.requireOpen();
        const renewedTtl = admitRenew(options) ?? ttlMs;
        return leaseOf(address, state.leases.renew(address, grant.fence, renewedTtl), renewedTtl);
      },
      async release(options: CallOptions = {}) {
        handle.requireOpen();
        admitCall(options);
        state.leases.release(address, grant.fence);
      },
    };
    return Object.freeze({ ...grant, ...letOthersRun(calls, state) });
  }

  return {
    async acquire(input: SessionAddress, options: AcquireOptions) {
      handle.requireOpen();
      const { ttlMs, waitMs, takeOver } = admitAcquire(options);
      const address = admitSessionAddress(input, state.options.limits);
      const grant = await state.leases.acquire(address, {
        ttlMs,
        waitMs,
        takeOver,
        signal: options.signal,
        owner: handle,
      });
      return leaseOf(address, grant, ttlMs);
    },

    async holder(input: SessionAddress, options?: CallOptions) {
      handle.requireOpen();
      admitCall(options);
      const holder = state.leases.holder(admitSessionAddress(input, state.options.limits));
      return holder && Object.freeze(holder);
    },
  };
}
