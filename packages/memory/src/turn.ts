import { type CallOptions, type Lease, MemoryError } from "@relevo/core";
import { admitInteger, anySignal } from "@relevo/core/input";
import type { LeaseOptions } from "./session.ts";
import type { SessionHandle } from "./session-handle.ts";
import { signalOf } from "./signal.ts";

const defaultTtlMs = 30_000;

/** How many times a lease is renewed in each lifetime. */
const renewals = 3;

/** What the writes of a turn need of its lease. */
export interface HeldLease {
  readonly fence: number;
  /** For writes that cannot carry a fence. @throws `conflict` when the lease was lost; what the store throws. */
  requireHeld(options?: CallOptions): Promise<unknown>;
}

/** @throws `unsupported` where the session's store has no leases. */
export async function acquireLease(handle: SessionHandle, options: LeaseOptions): Promise<Lease> {
  const { leases } = handle.store;
  if (leases === undefined) {
    throw new MemoryError("unsupported", "The store of the sessions offers no leases.");
  }
  return leases.acquire(handle.address, {
    ttlMs: options.ttlMs ?? defaultTtlMs,
    waitMs: options.waitMs,
    signal: options.signal,
  });
}

/** Runs the work while the lease is renewed, three times in each lifetime. */
export async function runUnderLease<Result>(
  handle: SessionHandle,
  options: LeaseOptions,
  work: (held: HeldLease, signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const ttlMs = admitInteger(options.ttlMs ?? defaultTtlMs, "ttlMs", 3, 2 ** 31 - 1);
  const lease = await acquireLease(handle, options);
  const lost = new AbortController();
  const stopRenewing = keepRenewed(lease, ttlMs, (reason) => lost.abort(reason));
  const signal = anySignal(lost.signal, options.signal);
  const requireHeld = (call: CallOptions = {}): Promise<Lease> => lease.renew({ ttlMs, ...signalOf(call) });
  try {
    return await work({ fence: lease.fence, requireHeld }, signal);
  } finally {
    stopRenewing();
    // The work is done either way, and a lease that cannot be released expires.
    await lease.release().catch((error) => handle.runtime.onError(error));
  }
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
