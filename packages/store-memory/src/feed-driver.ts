import type { FeedDriver } from "@relevo/core/store";
import type { LiveUnits } from "./change-log.ts";
import type { StoreState } from "./store-state.ts";

const nothing: LiveUnits = { size: 0, incarnation: () => undefined, holds: () => false };

/** The change feed over the shared memory. */
export function createFeedDriver(state: StoreState): FeedDriver {
  return {
    changes(request) {
      // Read by the pacer of the event loop, which every call has to move.
      state.now();
      const { tenant } = request;
      return state.changes(tenant).changes(request, state.tenants.get(tenant) ?? nothing);
    },
  };
}
