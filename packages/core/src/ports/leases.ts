import type { SessionAddress } from "../address.ts";
import type { CallOptions } from "./common.ts";

export interface AcquireOptions extends CallOptions {
  /** How long the lease lasts without a renewal. */
  readonly ttlMs: number;
  /** How long to wait for the present holder; 0, the default, does not wait. */
  readonly waitMs?: number | undefined;
}

export interface RenewOptions extends CallOptions {
  /** How long from now; as long as it was acquired for when left out. */
  readonly ttlMs?: number | undefined;
}

/** The right to run a turn of a session. */
export interface Lease {
  /**
   * The fencing token, `max(previous + 1, store microseconds)`: greater than every token granted before for this
   * session, also after a delete. Pass it to `append` and to `put`: a holder that slept past its lease is refused
   * there, whatever its own clock says.
   */
  readonly fence: number;
  readonly expiresAt: number;
  /** Lengthens the lease. @throws `conflict` when another holder has been granted since, or it was released. */
  renew(options?: RenewOptions): Promise<Lease>;
  /** Lets the next holder in. Idempotent; a lease that is no longer ours is left alone. */
  release(options?: CallOptions): Promise<void>;
}

/** One holder at a time for each session. The session need not exist yet. */
export interface Leases {
  /** @throws `conflict` with `details.conflict` = `lease` when it is still held after `waitMs`. */
  acquire(address: SessionAddress, options: AcquireOptions): Promise<Lease>;
}
