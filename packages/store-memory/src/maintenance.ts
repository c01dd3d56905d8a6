import type { CallOptions, ExpireOptions, Maintenance, PageOptions } from "@relevo/core";
import { admitCall } from "@relevo/core/input";
import { admitExpire, admitTenants, encodeCursor } from "@relevo/core/store";
import type { Handle } from "./handle.ts";

/** The upkeep port over the shared memory. */
export function createMaintenance(handle: Handle): Maintenance {
  const { state } = handle;
  const { limits } = state.options;

  return {
    async tenants(options: PageOptions = {}) {
      handle.requireOpen();
      const { limit, after } = admitTenants(options, limits);
      // A tenant of which everything has expired is not there any more.
      state.expire(Number.POSITIVE_INFINITY);
      const items: string[] = [];
      for (const tenant of state.tenantOrder.ascending(after, false)) {
        if (items.length === limit)
          return { items, cursor: encodeCursor("tenants", [items.at(-1) ?? tenant]) };
        items.push(tenant);
      }
      return { items };
    },

    async expire(options: ExpireOptions = {}) {
      handle.requireOpen();
      return state.expire(admitExpire(options));
    },

    async durability(options: CallOptions = {}) {
      handle.requireOpen();
      admitCall(options);
      return {
        survives: "nothing",
        detail: "In the memory of this process, within the bounds of its options.",
      };
    },
  };
}
