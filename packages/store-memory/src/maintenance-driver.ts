import type { MaintenanceDriver } from "@relevo/core/store";
import type { StoreState } from "./store-state.ts";

/** Upkeep of the shared memory. */
export function createMaintenanceDriver(state: StoreState): MaintenanceDriver {
  return {
    tenants({ limit, after }) {
      // A tenant of which everything has expired is not there any more.
      state.expire(Number.POSITIVE_INFINITY);
      const items: string[] = [];
      for (const tenant of state.tenantOrder.ascending(after, false)) {
        if (items.length === limit) return { ok: { items, next: items.at(-1) } };
        items.push(tenant);
      }
      return { ok: { items } };
    },

    expire: ({ limit }) => ({ ok: state.expire(limit) }),

    durability: () => ({
      ok: { survives: "nothing", detail: "In the memory of this process, within the bounds of its options." },
    }),
  };
}
