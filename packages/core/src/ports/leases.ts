import type { SessionAddress } from "../address.ts";
import type { CallOptions } from "./common.ts";

export interface AcquireOptions extends CallOptions {
  /** How long the lease lasts without a renewal. */
  readonly ttlMs: number;
  /** How long to wait for the present holder; 0, the default, does not wait. */
  readonly waitMs?: number | undefined;
  /**
   * Ends the lease of the present holder, if there is one, and takes it at once; nothing is waited for. For an
   * operator, or a supervisor that knows the holder to be dead or stuck. Calls that wait keep waiting.
   */
  readonly takeOver?: boolean | undefined;
}

export interface RenewOptions extends CallOptions {
  /** How long from now; as long as it was acquired for when left out. */
  readonly ttlMs?: number | undefined;
}

/** The right to run a turn of a session. */
export interface Lease {
  /**
   * The fencing token, `max(previous + 1, store microseconds)`: greater than every token granted before for this
   * session, also after a delete. Pass it to `append` and to `put`: a holder whose lease was superseded is refused
   * there, whatever its own clock says.
   */
  readonly fence: number;
  readonly expiresAt: number;
  /** Lengthens the lease. @throws `conflict` when another holder has been granted since, or it was released. */
  renew(options?: RenewOptions): Promise<Lease>;
  /** Lets the next holder in. Idempotent; does nothing when the lease has another holder by now. */
  release(options?: CallOptions): Promise<void>;
}

/** Who holds a lease now, without the right to use it. */
export interface LeaseHolder {
  /** Of the holder's lease. An append with it would pass, so it is for comparing and reporting only. */
  readonly fence: number;
  /** By the store's clock, unless the holder renews or releases it. */
  readonly expiresAt: number;
}

/** One holder at a time for each session. The session need not exist yet. */
export interface Leases {
  /**
   * Takes the lease with a fence greater than all before. With `takeOver` the present holder loses it at once: its
   * `renew` is refused from then on, its `release` changes nothing, and what it writes with its fence is a `conflict`.
   *
   * @throws `conflict` with `details.conflict` = `lease` when it is still held after `waitMs`; never with `takeOver`.
   */
  acquire(address: SessionAddress, options: AcquireOptions): Promise<Lease>;

  /** The present holder, without taking the lease; `undefined` when nobody holds it or it has expired. */
  holder(address: SessionAddress, options?: CallOptions): Promise<LeaseHolder | undefined>;
}
