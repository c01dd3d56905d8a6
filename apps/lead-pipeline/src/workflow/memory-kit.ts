import { type Clock, createUuidGenerator, type IdGenerator, systemClock } from "@relevo/core";
import { createHandoffs, type Handoffs } from "@relevo/handoff-tracing";
import { createMemory, type Memory } from "@relevo/memory";
import { createMemoryStore } from "@relevo/store-memory";

/** The memory that workflows share, and the handoffs recorded in it. Whoever opened it disposes it. */
export interface MemoryKit extends AsyncDisposable {
  readonly memory: Memory;
  readonly handoffs: Handoffs;
  readonly clock: Clock;
  readonly ids: IdGenerator;
}

/**
 * Opens a memory of its own. This is the one place that chooses the store: what the agents remember lives as long as
 * the store does, here as long as the process.
 */
export function openMemory(clock: Clock = systemClock): MemoryKit {
  const store = createMemoryStore({ clock });
  const ids = createUuidGenerator(clock);
  const memory = createMemory({ store, clock, ids });
  return {
    memory,
    handoffs: createHandoffs({ log: store.log, clock, ids }),
    clock,
    ids,
    async [Symbol.asyncDispose]() {
      await memory.close();
      await store.close();
    },
  };
}
