import type { SessionAddress } from "../address.ts";
import { admitCall } from "../input/call.ts";
import { closedError } from "../input/conflict.ts";
import { abortError } from "../input/numbers.ts";
import type { Limits } from "../limits.ts";
import { sessionKey } from "../order.ts";
import type { Lease, Leases } from "../ports/leases.ts";
import type { HeldLease, LeaseDriver, LeaseGrant } from "./driver.ts";
import { giveBack, heldError, LeaseLine } from "./lease-line.ts";
import { admitHead } from "./log-calls.ts";
import { isPending, settle } from "./settle.ts";
import { admitAcquire, admitRenew } from "./upkeep-calls.ts";

/** The leases port, with the end of the waits that are under way. */
export interface LeasePort {
  readonly leases: Leases;
  close(): void;
}

/** The leases port over a driver that tries once. `paced` is given the calls of each lease. */
export function createLeasePort(
  driver: LeaseDriver,
  limits: Limits,
  requireOpen: () => void,
  paced: <Calls extends object>(calls: Calls) => Calls,
): LeasePort {
  const lines = new Map<string, LeaseLine>();
  let closed = false;

  function leaseOf(address: SessionAddress, { fence, expiresAt }: LeaseGrant, ttlMs: number): Lease {
    const calls = paced<Pick<Lease, "renew" | "release">>({
      async renew(options) {
        requireOpen();
        const request = admitRenew(options);
        const renewedTtlMs = request.ttlMs ?? ttlMs;
        const answer = driver.renew({ address, fence, ttlMs: renewedTtlMs, signal: request.signal });
        return leaseOf(address, await settle(answer), renewedTtlMs);
      },
      async release(options) {
        requireOpen();
        await settle(driver.release({ address, fence, signal: admitCall(options).signal }));
      },
    });
    return Object.freeze({ fence, expiresAt, ...calls });
  }

  function lineOf(address: SessionAddress): LeaseLine {
    const key = sessionKey(address.tenant, address.session);
    const known = lines.get(key);
    if (known !== undefined) return known;
    const line = new LeaseLine(driver, address, () => lines.delete(key));
    lines.set(key, line);
    // When the one it is made for has joined.
    queueMicrotask(() => void line.serve());
    return line;
  }

  return {
    leases: {
      async acquire(given, options) {
        requireOpen();
        const request = admitAcquire(given, options, limits);
        const { address, ttlMs, waitMs, takeOver, signal } = request;
        let held: HeldLease | undefined;
        // A takeover passes those who wait.
        if (takeOver || !lines.has(sessionKey(address.tenant, address.session))) {
          const pending = driver.acquire(request);
          // At once where it can be: whoever asks in the next step already stands behind this one.
          const answer = isPending(pending) ? await pending : pending;
          if (answer.refused === undefined) {
            if (!closed && signal?.aborted !== true) return leaseOf(address, answer.ok, ttlMs);
            const outcome = await giveBack(driver, address, answer.ok.fence);
            throw signal?.aborted === true ? abortError(signal, outcome) : closedError(outcome);
          }
          if (signal?.aborted === true) throw abortError(signal);
          if (closed) throw closedError();
          if (waitMs === 0) throw heldError(answer);
          held = answer;
        }
        return leaseOf(address, await lineOf(address).join(request, held), ttlMs);
      },
      async holder(address, options) {
        requireOpen();
        return settle(driver.holder(admitHead(address, options, limits)));
      },
    },
    close() {
      closed = true;
      for (const line of lines.values()) line.close();
    },
  };
}
