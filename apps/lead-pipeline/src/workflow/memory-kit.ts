import { type Clock, createUuidGenerator, type IdGenerator, systemClock } from "@relevo/core";
import { createHandoffs, type Handoffs } from "@relevo/handoff-tracing";
import { traceHandoffs, traceMemory, traceStore } from "@relevo/handoff-tracing/telemetry";
import { createMemory, type Memory, type MemoryStore } from "@relevo/memory";
import { createMemoryStore } from "@relevo/store-memory";

/** The memory that workflows share, and the handoffs recorded in it. Whoever opened it disposes it. */
export interface MemoryKit extends AsyncDisposable {
  readonly memory: Memory;
  readonly handoffs: Handoffs;
  readonly clock: Clock;
  readonly ids: IdGenerator;
}

/** The stores of a kit: sessions and what is to last in the one, what may go in the other; both may be one store. */
export interface KitStores {
  readonly durable: MemoryStore;
  readonly volatile: MemoryStore;
  /** Whether both keep their data in this process, for their spans. */
  readonly inProcess?: boolean;
}

/** Opens a memory of its own in this process: what the agents remember lives as long as the kit. */
export function openMemory(clock: Clock = systemClock): MemoryKit {
  const store = createMemoryStore({ clock });
  return createMemoryKit({ durable: store, volatile: store, inProcess: true }, () => store.close(), clock);
}

/**
 * The memory over these stores, which stay their owner's: `release` is called last, when the kit is disposed. All of it is
 * traced, which costs nothing worth mentioning until somebody registers a tracer provider.
 */
export function createMemoryKit(
  { durable, volatile, inProcess = false }: KitStores,
  release: () => Promise<void>,
  clock: Clock = systemClock,
): MemoryKit {
  const ids = createUuidGenerator(clock);
  const tracedDurable = traceStore(durable, { inProcess });
  const tracedVolatile = volatile === durable ? tracedDurable : traceStore(volatile, { inProcess });
  const stores = { durable: tracedDurable, volatile: tracedVolatile, sessions: "durable" } as const;
  const memory = traceMemory(createMemory({ ...stores, clock, ids }));
  return {
    memory,
    handoffs: createHandoffs({ log: tracedDurable.log, clock, ids, observer: traceHandoffs() }),
    clock,
    ids,
    async [Symbol.asyncDispose]() {
      await memory.close();
      await release();
    },
  };
}
