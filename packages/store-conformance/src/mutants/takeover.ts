import type { Lease, LeaseHolder, Leases } from "@relevo/core";
import { conflict } from "@relevo/core/input";
import type { Mutant } from "../harness.ts";
import { breakStore, overriding, type StoreParts } from "./break-store.ts";
import { addressKey, sharedState, without } from "./log-mutant.ts";

function leasesMutant(
  id: string,
  target: string,
  defect: string,
  replace: (leases: Leases, parts: StoreParts) => Partial<Leases>,
): Mutant {
  return {
    id,
    target,
    defect,
    mutate: (store, shared) =>
      breakStore(store, shared, (parts) => ({ leases: replace(parts.leases, parts) })),
  };
}

/** Remembers the newest lease of each session, for mutants that mix up holders. */
function newest(parts: StoreParts): Map<string, Lease> {
  return sharedState(parts, "newest", () => new Map<string, Lease>());
}

/** The stores that the cases of holders and takeovers must catch. */
export const takeoverMutants: readonly Mutant[] = [
  leasesMutant(
    "holder-is-not-known",
    "leases/holder-is-told",
    "`holder` answers nothing while somebody holds the lease",
    () => ({ holder: async () => undefined }),
  ),
  leasesMutant(
    "holder-outlives-its-lease",
    "leases/holder-is-told",
    "`holder` answers the newest lease, also when it was released or is over",
    (leases, parts) => ({
      acquire: async (address, options) => {
        const lease = await leases.acquire(address, options);
        newest(parts).set(addressKey(address), lease);
        return lease;
      },
      holder: async (address): Promise<LeaseHolder | undefined> => {
        const holder = await leases.holder(address);
        const last = newest(parts).get(addressKey(address));
        return holder ?? (last && { fence: last.fence, expiresAt: last.expiresAt });
      },
    }),
  ),
  leasesMutant(
    "asking-takes-the-lease",
    "leases/holder-is-told",
    "`holder` finds the lease free by taking it",
    (leases) => ({
      holder: async (address, options) => {
        const holder = await leases.holder(address, options);
        if (holder !== undefined) return holder;
        await leases.acquire(address, { ttlMs: 60_000 });
        return undefined;
      },
    }),
  ),
  leasesMutant(
    "takeover-is-refused",
    "leases/takeover-ends-the-holder",
    "`takeOver` is not looked at",
    (leases) => ({ acquire: (address, options) => leases.acquire(address, without(options, "takeOver")) }),
  ),
  leasesMutant(
    "takeover-shares-the-fence",
    "leases/takeover-ends-the-holder",
    "a takeover is given the fence of the holder that it supersedes",
    (leases, parts) => ({
      acquire: async (address, options) => {
        const holder = newest(parts).get(addressKey(address));
        if (options.takeOver === true && holder !== undefined) return await holder.renew();
        const lease = await leases.acquire(address, options);
        newest(parts).set(addressKey(address), lease);
        return lease;
      },
    }),
  ),
  leasesMutant(
    "superseded-holder-releases",
    "leases/takeover-ends-the-holder",
    "the release of a superseded holder ends the lease of the new one",
    (leases, parts) => ({
      acquire: async (address, options) => {
        const lease = await leases.acquire(address, options);
        newest(parts).set(addressKey(address), lease);
        return overriding(lease, {
          release: async (call) => newest(parts).get(addressKey(address))?.release(call),
        });
      },
    }),
  ),
  leasesMutant(
    "takeover-ends-the-waits",
    "leases/takeover-leaves-those-who-wait",
    "calls that wait are refused when somebody takes the lease over",
    (leases, parts) => ({
      acquire: async (address, options) => {
        const lease = await leases.acquire(address, options);
        if (options.takeOver === true) parts.shared.set("taken over", true);
        if (options.waitMs === undefined || !parts.shared.has("taken over")) return lease;
        await lease.release();
        throw conflict("lease", {});
      },
    }),
  ),
];
