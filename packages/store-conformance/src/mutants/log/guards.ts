import { MemoryError } from "@relevo/core";
import { conflict } from "@relevo/core/input";
import type { Mutant } from "../../harness.ts";
import { breakStore } from "../break-store.ts";
import { addressKey, appendMutant, logMutant, sharedState, without } from "../log-mutant.ts";

export const guardMutants: readonly Mutant[] = [
  appendMutant(
    "version-is-ignored",
    "log/stale-version-changes-nothing",
    "the expected version is not looked at",
    (events, options) => [events, without(options, "expectedVersion")],
  ),
  logMutant(
    "stale-append-keeps-alive",
    "log/stale-version-changes-nothing",
    "a refused append still refreshes the idle time",
    (log) => ({
      append: async (address, events, options) => {
        try {
          return await log.append(address, events, options);
        } catch (error) {
          await log.touch(address);
          throw error;
        }
      },
    }),
  ),
  logMutant(
    "version-only-guards-the-past",
    "log/stale-version-changes-nothing",
    "an expected version beyond the current one is let in",
    (log) => ({
      append: async (address, events, options = {}) => {
        const version = (await log.head(address))?.version ?? 0;
        const beyond = (options.expectedVersion ?? 0) > version;
        return log.append(address, events, beyond ? without(options, "expectedVersion") : options);
      },
    }),
  ),
  appendMutant(
    "version-zero-is-falsy",
    "log/expected-version-zero-creates-only",
    "expected version 0 counts as none",
    (events, options) => [
      events,
      options.expectedVersion === 0 ? without(options, "expectedVersion") : options,
    ],
  ),
  logMutant(
    "version-is-checked-apart",
    "log/compare-and-set-loses-no-update",
    "the expected version is compared in one step and the append made in another",
    (log) => ({
      append: async (address, events, options = {}) => {
        const version = (await log.head(address))?.version ?? 0;
        if (options.expectedVersion !== undefined && options.expectedVersion !== version) {
          throw conflict("version", { version });
        }
        return log.append(address, events, without(options, "expectedVersion"));
      },
    }),
  ),
  appendMutant(
    "fence-is-ignored",
    "log/stale-fence-changes-nothing",
    "the fence is not looked at",
    (events, options) => [events, without(options, "fence")],
  ),
  logMutant(
    "unknown-fence-is-let-in",
    "log/stale-fence-changes-nothing",
    "a fence greater than the newest granted is let in",
    (log) => ({
      append: async (address, events, options = {}) => {
        try {
          return await log.append(address, events, options);
        } catch (error) {
          const newest = MemoryError.isInstance(error, "conflict") ? error.details.fence : undefined;
          if (typeof newest !== "number" || (options.fence ?? 0) < newest) throw error;
          return log.append(address, events, without(options, "fence"));
        }
      },
    }),
  ),
  {
    id: "lease-shuts-out-everybody",
    target: "log/unfenced-append-passes-a-lease",
    defect: "appends without a fence are refused while a lease is held",
    mutate: (store, shared) =>
      breakStore(store, shared, (parts) => {
        const held = sharedState(parts, "held", () => new Set<string>());
        return {
          leases: {
            acquire: (address, options) => {
              held.add(addressKey(address));
              return parts.leases.acquire(address, options);
            },
          },
          log: {
            append: async (address, events, options) => {
              if (options?.fence === undefined && held.has(addressKey(address))) throw conflict("fence", {});
              return parts.log.append(address, events, options);
            },
          },
        };
      }),
  },
];
