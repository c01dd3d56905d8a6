import { type AcquireOptions, type CallOptions, type Lease, MemoryError } from "@relevo/core";
import { admitInteger, anySignal } from "@relevo/core/input";
import type { SessionHandle } from "../session/session-handle.ts";
import type { LeaseOptions } from "../session/session-options.ts";
import { signalOf } from "../signal.ts";

const defaultTtlMs = 30_000;

/** How many times a lease is renewed in each lifetime. */
const renewals = 3;

/** What the writes of a turn need of its lease. */
export interface HeldLease {
  readonly fence: number;
  /** Fires when the lease is lost, with the reason, or when the signal of the turn's caller fires. */
  readonly signal: AbortSignal;
  /** For writes that cannot carry a fence. @throws `conflict` when the lease was lost; what the store throws. */
  requireHeld(options?: CallOptions): Promise<unknown>;
}

/** @throws `unsupported` where the session's store has no leases. */
export async function acquireLease(
  { store, address }: Pick<SessionHandle, "store" | "address">,
  { ttlMs = defaultTtlMs, waitMs, takeOver, signal }: LeaseOptions & Pick<AcquireOptions, "takeOver">,
): Promise<Lease> {
  const { leases } = store;
  if (leases === undefined)
    throw new MemoryError(
      "unsupported",
      "The store of the sessions offers no leases, so turns cannot exclude each other. Use a store that has them.",
    );
  return leases.acquire(address, { ttlMs, waitMs, takeOver, signal });
}

/** A lease that is renewed three times in each lifetime, until it is released. */
export interface RenewedLease extends HeldLease {
  /** Never throws: what was done under the lease is done, and a lease that cannot be released expires. */
  release(): Promise<void>;
}

export function admitLeaseTtl(ttlMs: number | undefined): number {
  return admitInteger(ttlMs ?? defaultTtlMs, "ttlMs", renewals, 2 ** 31 - 1);
}

export function keepLease(
  { runtime }: Pick<SessionHandle, "runtime">,
  lease: Lease,
  ttlMs: number,
  options: CallOptions,
): RenewedLease {
  const lost = new AbortController();
  const stopRenewing = keepRenewed(lease, ttlMs, (reason) => lost.abort(reason));
  return {
    fence: lease.fence,
    signal: anySignal(lost.signal, options.signal),
    requireHeld: (call = {}) => lease.renew({ ttlMs, ...signalOf(call) }),
    async release() {
      stopRenewing();
      await lease.release().catch((error) => runtime.onError(error));
    },
  };
}

/**
 * Renews until it is stopped or the lease is lost: the store says so, or no renewal has succeeded for a whole lifetime.
 * The timer only decides how often to renew; whether the lease is still held is decided by the store.
 */
function keepRenewed(lease: Lease, ttlMs: number, onLost: (reason: unknown) => void): () => void {
  const stopped = new AbortController();
  let unanswered = 0;
  let failure: unknown;
  let isAsking = false;
  const giveUp = (reason: unknown): void => {
    clearInterval(timer);
    onLost(reason);
  };
  const renew = async (): Promise<void> => {
    isAsking = true;
    try {
      await lease.renew({ ttlMs, signal: stopped.signal });
      unanswered = 0;
    } catch (error) {
      failure = error;
      if (!stopped.signal.aborted && !isPassing(error)) giveUp(error);
    } finally {
      isAsking = false;
    }
  };
  const timer = setInterval(() => {
    unanswered++;
    if (unanswered > renewals)
      giveUp(failure ?? new MemoryError("timeout", `The lease could not be renewed for ${ttlMs} ms.`));
    else if (!isAsking) void renew();
  }, ttlMs / renewals);
  timer.unref();
  return () => {
    clearInterval(timer);
    stopped.abort();
  };
}

/** When the store cannot answer now, the lease may still be held. */
function isPassing(error: unknown): boolean {
  return MemoryError.isInstance(error, "unavailable") || MemoryError.isInstance(error, "timeout");
}
