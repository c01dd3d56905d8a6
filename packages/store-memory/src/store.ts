import type {
  ChangeFeed,
  DocumentStore,
  DocumentTransfer,
  EventLog,
  EventTransfer,
  Leases,
  Maintenance,
  SessionAddress,
  Store,
} from "@relevo/core";
import { admitSessionAddress, closedError } from "@relevo/core/input";
import { createStore, type StoreDriver } from "@relevo/core/store";
import { createDocumentDriver } from "./document-driver.ts";
import { createFeedDriver } from "./feed-driver.ts";
import { createLogDriver } from "./log-driver.ts";
import { createMaintenanceDriver } from "./maintenance-driver.ts";
import { type MemoryStoreOptions, resolveOptions } from "./options.ts";
import { createScanDriver } from "./scan-driver.ts";
import { StoreState } from "./store-state.ts";
import { startSweep } from "./sweep.ts";
import { createTransferDriver } from "./transfer-driver.ts";

/** How full the memory is, over all tenants and handles. */
export interface MemoryStoreStats {
  readonly sessions: number;
  readonly sessionBytes: number;
  readonly documents: number;
  readonly documentBytes: number;
  /** Since the store was created. */
  readonly evictedSessions: number;
  readonly evictedDocuments: number;
  /** Evicted sessions that answer `history-lost` until they are deleted. */
  readonly rememberedEvictions: number;
  /** Operations of ended incarnations whose retries answer `history-lost`. */
  readonly rememberedOperations: number;
}

/** The in-process store: every port but search, and what only a store in this process can offer. */
export interface MemoryStore extends Store {
  readonly log: EventLog & EventTransfer;
  readonly documents: DocumentStore & DocumentTransfer;
  readonly leases: Leases;
  readonly feed: ChangeFeed;
  readonly maintenance: Maintenance;
  /**
   * Another store over the same memory, with an end of its own: for a part of the program that closes what it was
   * given. The memory lives until the last handle is closed.
   *
   * @throws `closed`
   */
  handle(): MemoryStore;
  /**
   * Evicts a session now, as if there were no more room. False when there is none.
   *
   * @throws `closed`; `invalid-input`
   */
  evict(address: SessionAddress): boolean;
  /** @throws `closed` */
  stats(): MemoryStoreStats;
}

/**
 * A store in the memory of this process: nothing survives its end. Every call does its work in one step, so calls
 * are atomic and in the order they were made. Bounded by entries and by bytes; what is evicted to make room is told to
 * `onEvicted`, and an evicted session answers `history-lost` until it is deleted.
 *
 * @throws `invalid-input` for an unknown option or one out of its range.
 *
 * @example
 * ```ts
 * import { createMemoryStore } from "@relevo/store-memory";
 *
 * await using store = createMemoryStore({ maxSessions: 1000, ttlMs: 3_600_000 });
 * const address = { tenant: "acme", session: "s-1" };
 * await store.log.append(address, [{ type: "message", body: { role: "user", content: "Hello" } }]);
 * const { events } = await store.log.read(address, { direction: "backward", limit: 20 });
 * console.log(events.length); // 1
 * ```
 */
export function createMemoryStore(options: MemoryStoreOptions = {}): MemoryStore {
  const state = new StoreState(resolveOptions(options));
  const stopSweep = startSweep(state);
  const driver = {
    limits: state.options.limits,
    log: createLogDriver(state),
    documents: createDocumentDriver(state),
    transfer: createTransferDriver(state),
    scan: createScanDriver(state),
    feed: createFeedDriver(state),
    leases: state.leases,
    maintenance: createMaintenanceDriver(state),
    nextTurn: () => state.nextTurn(),
  } satisfies Omit<StoreDriver, "close">;
  let handles = 0;

  function open(): MemoryStore {
    let isOpen = true;
    handles++;

    function close(): void {
      isOpen = false;
      if (--handles > 0) return;
      stopSweep();
      state.clear();
    }

    function requireOpen(): void {
      if (!isOpen) throw closedError();
    }

    return Object.freeze({
      ...createStore({ ...driver, close }),
      handle() {
        requireOpen();
        return open();
      },
      evict(address: SessionAddress) {
        requireOpen();
        const { tenant, session: id } = admitSessionAddress(address, state.options.limits);
        const session = state.tenants.get(tenant)?.sessions.get(id);
        const now = state.now();
        if (session === undefined || state.endIfExpired(session, now)) return false;
        state.evictSession(session, "requested", now);
        return true;
      },
      stats() {
        requireOpen();
        return {
          sessions: state.sessionCount,
          sessionBytes: state.sessionBytes,
          documents: state.documentCount,
          documentBytes: state.documentBytes,
          evictedSessions: state.evictedSessions,
          evictedDocuments: state.evictedDocuments,
          rememberedEvictions: state.endings.evictions,
          rememberedOperations: state.endings.operations,
        };
      },
    });
  }

  return open();
}
