import { closedError } from "@relevo/core/input";
import type { StoreState } from "./store-state.ts";

/** One way in to the shared memory, with an end of its own. */
export interface Handle {
  readonly state: StoreState;
  /** @throws `closed` after the handle was closed. */
  requireOpen(): void;
  /** True the first time. */
  close(): boolean;
}

export function createHandle(state: StoreState): Handle {
  let open = true;
  const handle: Handle = {
    state,
    requireOpen() {
      if (!open) throw closedError();
    },
    close() {
      const was = open;
      open = false;
      if (was) state.leases.refuseWaiters(handle, closedError);
      return was;
    },
  };
  return handle;
}
