import { createManualClock } from "@relevo/core";
import type { StoreHarness } from "@relevo/store-conformance";
import { createMemoryStore } from "../src/index.ts";

/** The kit's way in: a clock that moves when told, a second handle, and loss by eviction. */
export const memoryHarness: StoreHarness = {
  name: "store-memory",
  provesAdmission: true,
  async open() {
    const clock = createManualClock();
    const store = createMemoryStore({ clock, sweepIntervalMs: 0, maxSessions: 5000, maxDocuments: 10_000 });
    const other = store.handle();
    return {
      store,
      other,
      async advance(ms) {
        clock.advance(ms);
      },
      async rewind(ms) {
        clock.advance(-ms);
      },
      async loseSession(tenant, session) {
        store.evict({ tenant, session });
      },
      async [Symbol.asyncDispose]() {
        await store.close();
        await other.close();
      },
    };
  },
};
