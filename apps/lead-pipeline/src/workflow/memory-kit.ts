import { type Clock, createUuidGenerator, type IdGenerator, systemClock } from "@relevo/core";
import { createHandoffs, type Handoffs } from "@relevo/handoff-tracing";
import { traceHandoffs, traceMemory, traceStore } from "@relevo/handoff-tracing/telemetry";
import { createMemory, type Memory, type MemoryStore } from "@relevo/memory";
import { createMemoryStore } from "@relevo/store-memory";

/** The memory that workflows share, and the handoffs recorded in it. Whoever opened it disposes it. */
export interface MemoryKit extends AsyncDisposable {
  readonly memory: Memory;
  readonly handoffs: Handoffs;
  /** Reads the workflows that are finished, where they lie: the durable store. */
  readonly archive: { readonly memory: Memory; readonly handoffs: Handoffs };
  /** The tier that all processes see: the volatile one, unless that is in this process. */
  readonly sharedTier: "volatile" | "durable";
  readonly clock: Clock;
  readonly ids: IdGenerator;
}

/** The stores of a kit. */
export interface KitStores {
  /** What is to last: what agents learn, and the archive of finished workflows. */
  readonly durable: MemoryStore;
  /** The workflows under way, and what may go after a while; in this process when left out. */
  readonly volatile?: MemoryStore;
  /** Whether both keep their data in this process, for their spans. */
  readonly inProcess?: boolean;
}

/** Opens a memory of its own in this process: what the agents remember lives as long as the kit. */
export function openMemory(clock: Clock = systemClock): MemoryKit {
  const durable = createMemoryStore({ clock });
  return createMemoryKit({ durable, inProcess: true }, () => durable.close(), clock);
}

/**
 * The memory over these stores, which stay their owner's: `release` is called last, when the kit is disposed. All of it is
 * traced, which costs nothing worth mentioning until somebody registers a tracer provider.
 */
export function createMemoryKit(
  { durable, volatile: shared, inProcess = false }: KitStores,
  release: () => Promise<void>,
  clock: Clock = systemClock,
): MemoryKit {
  const ids = createUuidGenerator(clock);
  const live = shared === undefined ? ownStore(clock) : { store: shared, close: async () => undefined };
  const tracedDurable = traceStore(durable, { inProcess });
  const volatile = traceStore(live.store, { inProcess: inProcess || shared === undefined });
  const memory = traceMemory(
    createMemory({ durable: tracedDurable, volatile, sessions: "volatile", clock, ids }),
  );
  const archive = createMemory({ store: durable, clock, ids });
  return {
    memory,
    handoffs: createHandoffs({ log: volatile.log, clock, ids, observer: traceHandoffs() }),
    archive: { memory: archive, handoffs: createHandoffs({ log: durable.log, clock, ids }) },
    sharedTier: shared === undefined ? "durable" : "volatile",
    clock,
    ids,
    async [Symbol.asyncDispose]() {
      await archive.close();
      await memory.close();
      await live.close();
      await release();
    },
  };
}

function ownStore(clock: Clock): { readonly store: MemoryStore; close(): Promise<void> } {
  const store = createMemoryStore({ clock });
  return { store, close: () => store.close() };
}
