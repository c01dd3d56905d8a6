import { createMemory, type Memory, type MemoryOptions, type MemoryStore } from "../../src/index.ts";
import type { oneStore, twoStores } from "../fixture.ts";

/** A memory, the stores that it is made of, and others over the same data. */
export interface Opened {
  readonly memory: Memory;
  readonly stores: readonly MemoryStore[];
  /** Another memory over the same data, as of another process. */
  reopen(wrap: (store: MemoryStore) => MemoryStore, indexes?: MemoryOptions["indexes"]): Memory;
}

export function of(fixture: ReturnType<typeof oneStore> | ReturnType<typeof twoStores>): Opened {
  const { memory, clock } = fixture;
  const stores =
    "store" in fixture ? ([fixture.store] as const) : ([fixture.volatile, fixture.durable] as const);
  return {
    memory,
    stores,
    reopen: (wrap, indexes) => {
      const [first, second] = stores.map(wrap);
      if (first === undefined) throw new Error("There is a store.");
      return createMemory(
        second === undefined || !("sessions" in fixture)
          ? { store: first, clock, indexes }
          : { volatile: first, durable: second, sessions: fixture.sessions, clock, indexes },
      );
    },
  };
}
