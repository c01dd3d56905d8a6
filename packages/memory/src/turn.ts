import { admitInteger, type Lease, MemoryError } from "@relevo/core";
import type { LeaseOptions } from "./session.ts";
import type { SessionHandle } from "./session-handle.ts";
import { signalOf } from "./signal.ts";

const defaultTtlMs = 30_000;

/** @throws `unsupported` where the session's store has no leases. */
export async function acquireLease(handle: SessionHandle, options: LeaseOptions): Promise<Lease> {
  const { leases } = handle.store;
  if (leases === undefined) {
    throw new MemoryError("unsupported", "The store of the sessions offers no leases.");
  }
  return leases.acquire(handle.address, {
    ttlMs: options.ttlMs ?? defaultTtlMs,
    ...(options.waitMs === undefined ? {} : { waitMs: options.waitMs }),
    ...signalOf(options),
  });
}

/** Runs the work while the lease is renewed, three times in each lifetime. */
export async function runUnderLease<Result>(
  handle: SessionHandle,
  options: LeaseOptions,
  work: (fence: number, signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const ttlMs = admitInteger(options.ttlMs ?? defaultTtlMs, "ttlMs", 3, 2 ** 31 - 1);
  const lease = await acquireLease(handle, options);
  const lost = new AbortController();
  let renewing: Promise<unknown> = Promise.resolve();
  // The holder's own timer only decides how often to ask; whether the lease still holds is the store's to say.
  const timer = setInterval(() => {
    renewing = renewing
      .then(() => (lost.signal.aborted ? undefined : lease.renew({ ttlMs })))
      .catch((error) => lost.abort(error));
  }, ttlMs / 3);
  timer.unref();
  const signal = options.signal === undefined ? lost.signal : AbortSignal.any([lost.signal, options.signal]);
  try {
    return await work(lease.fence, signal);
  } finally {
    clearInterval(timer);
    await renewing;
    // The work is done either way, and a lease that cannot be released ends by itself.
    await lease.release().catch((error) => handle.runtime.onError(error));
  }
}
