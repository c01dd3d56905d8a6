import type { Clock, IdGenerator, Limits, Store, TokenCounter, ViewStrategy } from "@relevo/core";
import { closedError } from "@relevo/core/input";

/** The part of a store that the facade calls, so that a wrapped or partial store fits as well. */
export type MemoryStore = Pick<Store, "limits" | "log" | "documents" | "leases">;

const maxOutdated = 10_000;

/** What all parts of one memory share. Internal. */
export class Runtime {
  /** Where sessions live: their logs, their documents, their leases. */
  readonly sessions: MemoryStore;
  readonly volatile: MemoryStore;
  readonly durable: MemoryStore;
  readonly clock: Clock;
  readonly ids: IdGenerator;
  readonly view: ViewStrategy | undefined;
  readonly counter: TokenCounter | undefined;
  /** For what the facade itself checks: tenants, names and keys. */
  readonly limits: Limits;
  /** True when the caller set limits of its own, which may be tighter than those of the stores. */
  readonly checksValues: boolean;
  readonly volatileTtlMs: number | undefined;
  readonly onError: (error: unknown) => void;
  /** A number from 0 to 1, for the pauses between tries. */
  readonly random: () => number;
  readonly #outdated: Map<string, number> = new Map();
  #closed = false;

  constructor(parts: {
    readonly sessions: MemoryStore;
    readonly volatile: MemoryStore;
    readonly durable: MemoryStore;
    readonly clock: Clock;
    readonly ids: IdGenerator;
    readonly view: ViewStrategy | undefined;
    readonly counter: TokenCounter | undefined;
    readonly limits: Limits;
    readonly checksValues: boolean;
    readonly volatileTtlMs: number | undefined;
    readonly onError: (error: unknown) => void;
    readonly random: () => number;
  }) {
    this.sessions = parts.sessions;
    this.volatile = parts.volatile;
    this.durable = parts.durable;
    this.clock = parts.clock;
    this.ids = parts.ids;
    this.view = parts.view;
    this.counter = parts.counter;
    this.limits = parts.limits;
    this.checksValues = parts.checksValues;
    this.volatileTtlMs = parts.volatileTtlMs;
    this.onError = parts.onError;
    this.random = parts.random;
  }

  /** Volatile slots that this process could not empty, by the durable version that outdates what they hold. */
  get outdated(): Map<string, number> {
    return this.#outdated;
  }

  noteOutdated(slot: string, durableVersion: number): void {
    this.#outdated.delete(slot);
    this.#outdated.set(slot, durableVersion);
    // A long outage must not fill the memory; the oldest copies are the ones whose lifetime ends first.
    if (this.#outdated.size > maxOutdated) {
      const oldest = this.#outdated.keys().next();
      if (!oldest.done) this.#outdated.delete(oldest.value);
    }
  }

  close(): void {
    this.#closed = true;
  }

  /** @throws `closed` after the memory was closed. */
  requireOpen(): void {
    if (this.#closed) throw closedError();
  }
}
