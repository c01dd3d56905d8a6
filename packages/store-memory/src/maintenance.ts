import {
  admitInteger,
  admitLimit,
  admitTenant,
  type CallOptions,
  decodeCursor,
  encodeCursor,
  type Maintenance,
  type PageOptions,
  throwIfAborted,
} from "@relevo/core";
import type { Handle } from "./handle.ts";

/** The upkeep port over the shared memory. */
export function createMaintenance(handle: Handle): Maintenance {
  const { state } = handle;
  const { limits } = state.options;

  return {
    async tenants(options: PageOptions = {}) {
      handle.requireOpen();
      throwIfAborted(options.signal);
      const limit = admitLimit(options.limit);
      const after =
        options.cursor === undefined
          ? undefined
          : admitTenant(decodeCursor("tenants", options.cursor, 1)[0], limits);
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

    async expire(options: { readonly limit?: number } & CallOptions = {}) {
      handle.requireOpen();
      throwIfAborted(options.signal);
      return state.expire(admitInteger(options.limit ?? 1000, "limit", 1));
    },

    async durability(options: CallOptions = {}) {
      handle.requireOpen();
      throwIfAborted(options.signal);
      return {
        survives: "nothing",
        detail: "In the memory of this process, within the bounds of its options.",
      };
    },
  };
}
