import type { SessionAddress } from "@relevo/core";
import { sessionKey } from "@relevo/core/store";

/** How long the operations of an ended incarnation are remembered. In milliseconds; 25 hours, one to spare. */
export const operationMemoryMs: number = 25 * 3600 * 1000;

/** What is left of a session that was evicted, until it is deleted. */
export interface Eviction {
  readonly incarnation: string;
  readonly version: number;
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
  /** Operations of evicted sessions: their day begins when the session is deleted. They count with the others. */
  readonly #evictedOperations = new Map<string, readonly string[]>();
  #evictedCount = 0;
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
    return this.#operations.size + this.#evictedCount;
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
    this.#boundOperations();
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

  rememberEviction(address: SessionAddress, eviction: Eviction, operations: readonly string[]): void {
    const key = sessionKey(address.tenant, address.session);
    this.#evictions.set(key, eviction);
    if (operations.length > 0) {
      this.#evictedOperations.set(key, operations);
      this.#evictedCount += operations.length;
      this.#boundOperations();
    }
    if (this.#evictions.size <= this.#maxEvictions) return;
    for (const oldest of this.#evictions.keys()) {
      this.#evictions.delete(oldest);
      this.#takeEvictedOperations(oldest);
      break;
    }
    this.#onForgotten("evictions");
  }

  evictionOf(address: SessionAddress): Eviction | undefined {
    if (this.#evictions.size === 0) return undefined;
    return this.#evictions.get(sessionKey(address.tenant, address.session));
  }

  /** The session was deleted: it may start anew, but its operations may not be retried. */
  deleteEviction(address: SessionAddress, now: number): void {
    this.rememberOperations(address, this.restoreEviction(address), now);
  }

  /** The session's history is back. Returns the operations that it had. */
  restoreEviction(address: SessionAddress): readonly string[] {
    const key = sessionKey(address.tenant, address.session);
    this.#evictions.delete(key);
    return this.#takeEvictedOperations(key);
  }

  #takeEvictedOperations(key: string): readonly string[] {
    const operations = this.#evictedOperations.get(key) ?? [];
    this.#evictedOperations.delete(key);
    this.#evictedCount -= operations.length;
    return operations;
  }

  /** Forgets the oldest of those whose day runs, then of those that were evicted. */
  #boundOperations(): void {
    if (this.operations <= this.#maxOperations) return;
    for (const key of this.#operations.keys()) {
      if (this.operations <= this.#maxOperations) break;
      this.#operations.delete(key);
    }
    for (const key of this.#evictedOperations.keys()) {
      if (this.operations <= this.#maxOperations) break;
      this.#takeEvictedOperations(key);
    }
    this.#onForgotten("operations");
  }
}

function operationKey(address: SessionAddress, id: string): string {
  return `${address.tenant}\0${address.session}\0${id}`;
}
