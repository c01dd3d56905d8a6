import type { SessionAddress } from "../address.ts";
import { admitOptions, type FieldTable, fieldTable } from "../input/fields.ts";
import { admitSessionAddress, admitTenant } from "../input/ids.ts";
import { admitInteger, admitLimit, admitTtl, throwIfAborted } from "../input/numbers.ts";
import { callKinds, pageFields } from "../input/option-kinds.ts";
import { refuse } from "../input/refuse.ts";
import type { Limits } from "../limits.ts";
import type { PageOptions } from "../ports/common.ts";
import type { AcquireOptions, RenewOptions } from "../ports/leases.ts";
import type { ExpireOptions } from "../ports/store.ts";
import { admitCursor } from "./cursor.ts";
import type { AdmittedCall, AdmittedSessionCall } from "./log-calls.ts";

const acquireFields: FieldTable = fieldTable<AcquireOptions>({
  ...callKinds,
  ttlMs: "selects",
  waitMs: "refines",
});
const renewFields: FieldTable = fieldTable<RenewOptions>({ ...callKinds, ttlMs: "refines" });
const expireFields: FieldTable = fieldTable<ExpireOptions>({ ...callKinds, limit: "refines" });

/** The longest that a timer can wait. */
const maxWaitMs = 2 ** 31 - 1;

export interface AdmittedAcquire extends AdmittedSessionCall {
  readonly ttlMs: number;
  readonly waitMs: number;
}

/** For `acquire` of a lease. */
export function admitAcquire(
  address: SessionAddress,
  given: AcquireOptions,
  limits: Limits,
): AdmittedAcquire {
  const options = admitOptions(given, acquireFields);
  throwIfAborted(options.signal);
  const ttlMs = admitTtl(options.ttlMs);
  if (ttlMs === undefined)
    throw refuse("ttlMs", "is missing; a lease without an end could never be taken over.");
  return {
    address: admitSessionAddress(address, limits),
    signal: options.signal,
    ttlMs,
    waitMs: admitInteger(options.waitMs ?? 0, "waitMs", 0, maxWaitMs),
  };
}

/** For `renew` of a lease; without a `ttlMs` for as long as before. */
export function admitRenew(
  given: RenewOptions | undefined,
): AdmittedCall & { readonly ttlMs: number | undefined } {
  const options = admitOptions(given, renewFields);
  throwIfAborted(options.signal);
  return { signal: options.signal, ttlMs: admitTtl(options.ttlMs) };
}

export interface AdmittedTenants extends AdmittedCall {
  readonly limit: number;
  /** The last tenant of the page before. */
  readonly after: string | undefined;
}

/** For the list of tenants. */
export function admitTenants(given: PageOptions | undefined, limits: Limits): AdmittedTenants {
  const options = admitOptions(given, pageFields);
  throwIfAborted(options.signal);
  const position = admitCursor("tenants", options.cursor, 1);
  return {
    signal: options.signal,
    limit: admitLimit(options.limit),
    after: position && admitTenant(position[0], limits),
  };
}

export interface AdmittedExpire extends AdmittedCall {
  /** The most sessions and documents that may be removed. */
  readonly limit: number;
}

export function admitExpire(given: ExpireOptions | undefined): AdmittedExpire {
  const options = admitOptions(given, expireFields);
  throwIfAborted(options.signal);
  return { signal: options.signal, limit: admitInteger(options.limit ?? 1000, "limit", 1) };
}
