import { type Lease, type Leases, MemoryError } from "@relevo/core";
import type { Mutant } from "../harness.ts";
import { breakStore, overriding, type StoreParts } from "./break-store.ts";
import { addressKey, appendMutant, logMutant, sharedState, without } from "./log-mutant.ts";
import { takeoverMutants } from "./takeover.ts";

function leaseMutant(
  id: string,
  target: string,
  defect: string,
  acquire: (leases: Leases, parts: StoreParts) => Leases["acquire"],
): Mutant {
  return {
    id,
    target,
    defect,
    mutate: (store, shared) =>
      breakStore(store, shared, (parts) => ({ leases: { acquire: acquire(parts.leases, parts) } })),
  };
}

/** A mutant whose leases have some members replaced. */
function heldMutant(
  id: string,
  target: string,
  defect: string,
  change: (lease: Lease, parts: StoreParts) => Partial<Lease>,
): Mutant {
  return leaseMutant(id, target, defect, (leases, parts) => async (address, options) => {
    const lease = await leases.acquire(address, options);
    return overriding(lease, change(lease, parts));
  });
}

/** The stores that the cases of leases must catch. */
export const leaseMutants: readonly Mutant[] = [
  leaseMutant(
    "lease-for-everybody",
    "leases/one-holder-at-a-time",
    "whoever asks takes the lease over from its holder",
    (leases, parts) => {
      const held = sharedState(parts, "held", () => new Map<string, Lease>());
      return async (address, options) => {
        await held.get(addressKey(address))?.release();
        const lease = await leases.acquire(address, options);
        held.set(addressKey(address), lease);
        return lease;
      };
    },
  ),
  leaseMutant(
    "lease-of-the-tenant",
    "leases/one-holder-at-a-time",
    "the sessions of a tenant share one lease",
    (leases) => (address, options) => leases.acquire({ ...address, session: "shared" }, options),
  ),
  heldMutant(
    "release-does-nothing",
    "leases/release-lets-the-next-in",
    "a release does not end the lease",
    () => ({ release: async () => undefined }),
  ),
  leaseMutant(
    "release-ends-any-lease",
    "leases/release-lets-the-next-in",
    "a late release ends the lease of the holder that came after",
    (leases, parts) => {
      const held = sharedState(parts, "held", () => new Map<string, Lease>());
      return async (address, options) => {
        const lease = await leases.acquire(address, options);
        held.set(addressKey(address), lease);
        return overriding(lease, { release: async () => held.get(addressKey(address))?.release() });
      };
    },
  ),
  leaseMutant(
    "lease-never-expires",
    "leases/expiry-lets-the-next-in",
    "a lease lasts until it is released",
    (leases) => (address, options) => leases.acquire(address, { ...options, ttlMs: 86_400_000 }),
  ),
  leaseMutant(
    "lease-expires-at-once",
    "leases/expiry-lets-the-next-in",
    "a lease ends long before its time",
    (leases) => (address, options) => leases.acquire(address, { ...options, ttlMs: 1 }),
  ),
  heldMutant(
    "renewal-does-nothing",
    "leases/renewal-lengthens",
    "a renewal does not move the end of the lease",
    (lease) => ({ renew: async () => lease }),
  ),
  heldMutant(
    "renewal-ignores-its-time",
    "leases/renewal-lengthens",
    "a renewal takes the first `ttlMs` again, whatever it is given",
    (lease) => ({
      renew: async () => {
        const renewed = await lease.renew();
        return overriding(renewed, { renew: () => renewed.renew() });
      },
    }),
  ),
  leaseMutant(
    "renewal-takes-over",
    "leases/no-renewal-after-the-end",
    "a renewal after the end takes the lease from whoever holds it",
    (leases, parts) => {
      const held = sharedState(parts, "held", () => new Map<string, Lease>());
      const acquire: Leases["acquire"] = async (address, options) => {
        const lease = await leases.acquire(address, options);
        held.set(addressKey(address), lease);
        return overriding(lease, {
          renew: async (renewal) => {
            try {
              return await lease.renew(renewal);
            } catch (error) {
              if (!MemoryError.isInstance(error, "conflict")) throw error;
              await held.get(addressKey(address))?.release();
              return acquire(address, options);
            }
          },
        });
      };
      return acquire;
    },
  ),
  leaseMutant(
    "nobody-waits",
    "leases/waiting",
    "`waitMs` is not looked at",
    (leases) => (address, options) => leases.acquire(address, without(options, "waitMs")),
  ),
  leaseMutant(
    "waiting-ends-unavailable",
    "leases/waiting",
    "a wait in vain ends as if the store were out of order",
    (leases) => async (address, options) => {
      try {
        return await leases.acquire(address, options);
      } catch (cause) {
        if (options.waitMs === undefined) throw cause;
        throw new MemoryError("unavailable", "The lease was not granted.", { cause });
      }
    },
  ),
  leaseMutant(
    "waiting-is-deaf",
    "leases/waiting-can-be-aborted",
    "the signal of an acquire is not looked at",
    (leases) => (address, options) =>
      leases.acquire(address, { ...without(options, "signal"), waitMs: Math.min(options.waitMs ?? 0, 50) }),
  ),
  heldMutant(
    "fences-begin-again",
    "leases/fences-only-grow",
    "fences are times in seconds, so that two leases of one second share one",
    (lease) => ({ fence: Math.trunc(lease.fence / 1_000_000) }),
  ),
  logMutant(
    "late-fence-passes-after-a-delete",
    "leases/fences-only-grow",
    "a delete forgets which fence is the newest",
    (log, parts) => ({
      delete: (address, options) => {
        parts.shared.set("deleted", true);
        return log.delete(address, options);
      },
      append: (address, events, options = {}) =>
        log.append(address, events, parts.shared.has("deleted") ? without(options, "fence") : options),
    }),
  ),
  appendMutant(
    "holder-is-believed",
    "leases/paused-holder-is-fenced-off",
    "an append with the expected version passes with any fence",
    (events, options) => [
      events,
      options.expectedVersion === undefined ? options : without(options, "fence"),
    ],
  ),
  {
    id: "release-forgets-the-fence",
    target: "leases/paused-holder-is-fenced-off",
    defect: "after a release any fence is let in",
    mutate: (store, shared) =>
      breakStore(store, shared, (parts) => ({
        leases: {
          acquire: async (address, options) => {
            const lease = await parts.leases.acquire(address, options);
            return overriding(lease, {
              release: async () => {
                shared.set("released", true);
                await lease.release();
              },
            });
          },
        },
        log: {
          append: (address, events, options = {}) =>
            parts.log.append(address, events, shared.has("released") ? without(options, "fence") : options),
        },
      })),
  },
  ...takeoverMutants,
];
