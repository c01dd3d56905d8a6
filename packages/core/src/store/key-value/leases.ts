import type { SessionAddress } from "../../address.ts";
import type { HeldLease, LeaseDriver, LeaseGrant } from "../driver.ts";
import type { DriverContext } from "./context.ts";
import { dueKey, tenantKeys } from "./layout.ts";
import { timeOf } from "./space/failures.ts";
import { type KeyRecord, readRecords } from "./space/records.ts";
import { type Transaction, transact } from "./space/transaction.ts";
import { requireFloor } from "./unit/session-slot.ts";

/** The newest lease of a session. Survives the session, so that no token is granted twice. */
export interface LeaseState extends LeaseGrant {
  readonly released: boolean;
  /** When upkeep looks whether it can be forgotten. */
  readonly due: number;
}

export type LeaseRecord = KeyRecord<{ readonly state: LeaseState }>;

/** How long a lease that nobody holds is remembered by itself, in milliseconds. */
export const leaseMemoryMs: number = 3600 * 1000;
/** How often a waiting caller looks. In milliseconds. */
const pollMs = 20;

export function createLeaseDriver(context: DriverContext): LeaseDriver {
  function write<Result>(
    { tenant, session }: SessionAddress,
    signal: AbortSignal | undefined,
    run: (transaction: Transaction<LeaseState>) => Result | Promise<Result>,
  ): Promise<Result> {
    return transact(context, { tenant, key: tenantKeys.lease(tenant, session) }, { signal }, run);
  }

  return {
    pollMs,
    acquire({ address, ttlMs, takeOver }) {
      return write<{ readonly ok: LeaseGrant } | HeldLease>(address, undefined, async (transaction) => {
        const { state: lease, now } = transaction;
        const held = grantOf(lease, now);
        if (held !== undefined && !takeOver)
          return { refused: "held", ...held, leftMs: held.expiresAt - now };
        const { tenant, session } = address;
        const before = lease?.fence ?? (await requireFloor(transaction, tenant)).fence;
        const grant = { fence: Math.max(before + 1, now * 1000), expiresAt: now + ttlMs };
        const due = lease?.due ?? grant.expiresAt + leaseMemoryMs;
        if (lease === undefined) {
          transaction.put(dueKey(due, "lease", tenant, session), { kind: "lease", tenant, session });
        }
        transaction.save({ ...grant, released: false, due });
        return { ok: grant };
      });
    },
    async holder({ address: { tenant, session }, signal }) {
      const { records } = await readRecords(context.space, [tenantKeys.lease(tenant, session)], [], {
        signal,
      });
      return {
        ok: grantOf((records[0] as LeaseRecord | undefined)?.value.state, await timeOf(context.space)),
      };
    },
    renew({ address, fence, ttlMs, signal }) {
      return write(address, signal, (transaction) => {
        const { state: lease, now } = transaction;
        if (lease === undefined || lease.fence !== fence || lease.released)
          return { refused: "lease" } as const;
        const expiresAt = now + ttlMs;
        transaction.save({ ...lease, expiresAt });
        return { ok: { fence, expiresAt } };
      });
    },
    release({ address, fence, signal }) {
      return write(address, signal, (transaction) => {
        const lease = transaction.state;
        if (lease?.fence === fence && !lease.released) transaction.save({ ...lease, released: true });
        return { ok: undefined };
      });
    },
  };
}

/** The grant that is in force. */
function grantOf(lease: LeaseState | undefined, now: number): LeaseGrant | undefined {
  if (lease === undefined || lease.released || lease.expiresAt <= now) return undefined;
  return { fence: lease.fence, expiresAt: lease.expiresAt };
}
