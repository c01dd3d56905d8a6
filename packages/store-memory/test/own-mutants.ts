import { MemoryError } from "@relevo/core";
import { breakStore, type Mutant } from "@relevo/store-conformance";

/** Ways to break a store in memory that bounds, sweeps and shares what it holds. */
export const ownMutants: readonly Mutant[] = [
  {
    id: "memory-eviction-starts-anew",
    target: "log/lost-data-is-history-lost",
    defect: "an append to an evicted session starts it again at seq 1",
    mutate: (store, shared) =>
      breakStore(store, shared, ({ log }) => ({
        log: {
          async append(address, events, options = {}) {
            try {
              return await log.append(address, events, options);
            } catch (error) {
              const evicted =
                MemoryError.isInstance(error, "history-lost") && error.details.reason === "evicted";
              if (!evicted) throw error;
              await log.delete(address);
              const { incarnation: _gone, ...rest } = options;
              return log.append(address, events, rest);
            }
          },
        },
      })),
  },
  {
    id: "memory-sweep-takes-the-living",
    target: "lifecycle/expire-takes-the-expired-only",
    defect: "the sweep also frees a session that is still alive",
    mutate: (store, shared) =>
      breakStore(store, shared, ({ log, maintenance }) => ({
        maintenance: {
          async expire(options) {
            const result = await maintenance.expire(options);
            for (const tenant of (await maintenance.tenants()).items) {
              const [first] = (await log.list(tenant)).items;
              if (first !== undefined) await log.delete({ tenant, session: first.session });
            }
            return result;
          },
        },
      })),
  },
  {
    id: "memory-last-close-counts",
    target: "lifecycle/close-ends-a-handle",
    defect: "a closed handle works on as long as another is open",
    mutate: (store, shared) => breakStore(store, shared, () => ({ store: { close: async () => undefined } })),
  },
];
