import { type Clock, createManualClock, type Page, type Store } from "@relevo/core";
import { breakStore, type StoreHarness } from "@relevo/store-conformance";
import { createMemoryStore } from "../src/index.ts";

/** What cases are told to wait for. */
const lagMs = 60;
/** How long something new is hidden: less, since a timer may fire a little early. */
const hiddenMs = 40;

interface MovingClock extends Clock {
  advance(ms: number): void;
  /** Sets the clock back and holds it still: from now on it moves only when told. */
  rewind(ms: number): void;
  readonly held: () => boolean;
}

/** Moves when told, and with real time as well: cases wait for what lags in real time. */
function movingClock(): MovingClock {
  const manual = createManualClock();
  const began = performance.now();
  let heldAt: number | undefined;
  const passed = () => heldAt ?? Math.floor(performance.now() - began);
  return {
    now: () => manual.now() + passed(),
    advance: (ms) => manual.advance(ms),
    rewind(ms) {
      heldAt = passed();
      manual.advance(-ms);
    },
    held: () => heldAt !== undefined,
  };
}

/** A store whose tenant-wide `list`, `scan` and `find` show nothing that came into being in the last `hiddenMs`. */
function lagging(store: Store, clock: MovingClock): Store {
  // A clock that is held tells no age: nothing lags then.
  const shown = (time: number) => clock.held() || clock.now() - time >= hiddenMs;
  const late = <Item>(page: Page<Item>, timeOf: (item: Item) => number): Page<Item> => ({
    ...page,
    items: page.items.filter((item) => shown(timeOf(item))),
  });
  return breakStore(store, new Map(), ({ log, documents }) => ({
    log: {
      list: async (...call) => late(await log.list(...call), ({ createdAt }) => createdAt),
      scan: async (...call) => late(await log.scan(...call), ({ event }) => event.recordedAt),
    },
    documents: {
      find: async (scope, options) => {
        const page = await documents.find(scope, options);
        return scope.session === undefined ? late(page, ({ createdAt }) => createdAt) : page;
      },
    },
  }));
}

/** The kit's way in to a store whose indexes lag, as a store on a server may have them. */
export const laggingHarness: StoreHarness = {
  name: "store-memory with lag",
  async open() {
    const clock = movingClock();
    const store = createMemoryStore({ clock, sweepIntervalMs: 0, maxSessions: 5000, maxDocuments: 10_000 });
    const other = store.handle();
    return {
      store: lagging(store, clock),
      other: lagging(other, clock),
      lagMs,
      async advance(ms) {
        clock.advance(ms);
      },
      async rewind(ms) {
        clock.rewind(ms);
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
