import { historyLost, type SessionAddress, sessionKey } from "@relevo/core";

/** How long the operations of an ended incarnation are remembered. In milliseconds; 25 hours, one to spare. */
export const operationMemoryMs: number = 25 * 3600 * 1000;

/** What is left of a session that was evicted, until it is deleted. */
export interface Eviction {
  readonly incarnation: string;
  readonly version: number;
  readonly operations: readonly string[];
}

/**
 * What must be known of sessions that are no more: the operations of ended incarnations, so that a late retry cannot
 * bring a deleted session back, and which sessions were evicted, so that none restarts at 1 as if nothing had been.
 *
 * Bounded by count. At a bound the oldest is forgotten, and `onForgotten` is told.
 */
export class Endings {
  readonly #operations = new Map<string, number>();
  readonly #evictions = new Map<string, Eviction>();
  readonly #maxOperations: number;
  readonly #maxEvictions: number;
  readonly #onForgotten: (what: "operations" | "evictions") => void;

  constructor(options: {
    readonly maxOperations: number;
    readonly maxEvictions: number;
    readonly onForgotten: (what: "operations" | "evictions") => void;
  }) {
    this.#maxOperations = options.maxOperations;
    this.#maxEvictions = options.maxEvictions;
    this.#onForgotten = options.onForgotten;
  }

  get operations(): number {
    return this.#operations.size;
  }

  get evictions(): number {
    return this.#evictions.size;
  }

  rememberOperations(address: SessionAddress, ids: Iterable<string>, now: number): void {
    this.forgetOld(now);
    for (const id of ids) {
      const key = operationKey(address, id);
      // Put at the end again: the order of the map is that of time.
      this.#operations.delete(key);
      this.#operations.set(key, now);
    }
    let forgotten = false;
    for (const key of this.#operations.keys()) {
      if (this.#operations.size <= this.#maxOperations) break;
      this.#operations.delete(key);
      forgotten = true;
    }
    if (forgotten) this.#onForgotten("operations");
  }

  /** Whether this was an operation of an incarnation that has ended. */
  knowsOperation(address: SessionAddress, id: string): boolean {
    return this.#operations.size > 0 && this.#operations.has(operationKey(address, id));
  }

  /** Lets go of operations whose time is over. A clock that went back only keeps them longer. */
  forgetOld(now: number): void {
    for (const [key, endedAt] of this.#operations) {
      if (now - endedAt < operationMemoryMs) return;
      this.#operations.delete(key);
    }
  }

  rememberEviction(address: SessionAddress, eviction: Eviction): void {
    this.#evictions.set(sessionKey(address.tenant, address.session), eviction);
    if (this.#evictions.size <= this.#maxEvictions) return;
    for (const oldest of this.#evictions.keys()) {
      this.#evictions.delete(oldest);
      break;
    }
    this.#onForgotten("evictions");
  }

  evictionOf(address: SessionAddress): Eviction | undefined {
    if (this.#evictions.size === 0) return undefined;
    return this.#evictions.get(sessionKey(address.tenant, address.session));
  }

  forgetEviction(address: SessionAddress): void {
    this.#evictions.delete(sessionKey(address.tenant, address.session));
  }

  /** @throws `history-lost` when the session was evicted and not deleted since. */
  throwIfEvicted(address: SessionAddress): void {
    if (this.evictionOf(address) !== undefined) throw historyLost("evicted");
  }
}

function operationKey(address: SessionAddress, id: string): string {
  return `${address.tenant}\0${address.session}\0${id}`;
}
