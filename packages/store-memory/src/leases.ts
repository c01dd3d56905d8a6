import {
  type AcquireOptions,
  admitInteger,
  admitSessionAddress,
  admitTtl,
  type CallOptions,
  type Lease,
  type Leases,
  refuse,
  type SessionAddress,
  throwIfAborted,
} from "@relevo/core";
import type { Handle } from "./handle.ts";
import type { Grant } from "./lease-table.ts";
import { letOthersRun } from "./let-others-run.ts";

const maxWaitMs = 2 ** 31 - 1;

/** The leases port over the shared table. */
export function createLeases(handle: Handle): Leases {
  const { state } = handle;

  function leaseOf(address: SessionAddress, grant: Grant, ttlMs: number): Lease {
    const calls = {
      async renew(options: { readonly ttlMs?: number } & CallOptions = {}) {
        handle.requireOpen();
        throwIfAborted(options.signal);
        const renewedTtl = admitTtl(options.ttlMs) ?? ttlMs;
        return leaseOf(address, state.leases.renew(address, grant.fence, renewedTtl), renewedTtl);
      },
      async release(options: CallOptions = {}) {
        handle.requireOpen();
        throwIfAborted(options.signal);
        state.leases.release(address, grant.fence);
      },
    };
    return Object.freeze({ ...grant, ...letOthersRun(calls, state) });
  }

  return {
    async acquire(input: SessionAddress, options: AcquireOptions) {
      handle.requireOpen();
      throwIfAborted(options.signal);
      const address = admitSessionAddress(input, state.options.limits);
      const ttlMs = admitTtl(options.ttlMs);
      if (ttlMs === undefined)
        throw refuse("ttlMs", "is missing; a lease without an end could never be taken over.");
      const waitMs = admitInteger(options.waitMs ?? 0, "waitMs", 0, maxWaitMs);
      const grant = await state.leases.acquire(address, {
        ttlMs,
        waitMs,
        signal: options.signal,
        owner: handle,
      });
      return leaseOf(address, grant, ttlMs);
    },
  };
}
