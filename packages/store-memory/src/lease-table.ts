import { type Clock, type SessionAddress, systemClock } from "@relevo/core";
import { abortError, conflict } from "@relevo/core/input";
import { sessionKey } from "@relevo/core/store";

/** Sessions without a holder whose last token is kept by name. Those before are covered by one common floor. */
const maxIdle = 10_000;
/** An injected clock moves when it likes, so who waits looks at it this often. In milliseconds. */
const pollMs = 20;
const maxTimerMs = 2 ** 31 - 1;

/** What the holder of a lease was given. */
export interface Grant {
  readonly fence: number;
  readonly expiresAt: number;
}

interface Waiter {
  readonly owner: object;
  readonly ttlMs: number;
  /** By the store's clock; a timer keeps real time beside it, and the first to pass counts. */
  readonly deadline: number;
  grant(grant: Grant): void;
  refuse(error: Error): void;
}

interface Entry {
  readonly key: string;
  fence: number;
  held: boolean;
  /** Given back, as opposed to run out: what ran out may still be renewed. */
  released: boolean;
  expiresAt: number;
  readonly waiters: Waiter[];
  timer: NodeJS.Timeout | undefined;
}

/** Who holds which session. Survives the session's deletion, so that no token is ever granted twice. */
export class LeaseTable {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();
  #floor = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The token granted last for the session; 0 when there was none. */
  newestFence(address: SessionAddress): number {
    if (this.#entries.size === 0) return 0;
    return this.#entries.get(sessionKey(address.tenant, address.session))?.fence ?? 0;
  }

  /** @throws `conflict` when the fence is not the newest. */
  requireFence(address: SessionAddress, fence: number | undefined): void {
    if (fence === undefined) return;
    const newest = this.newestFence(address);
    if (fence !== newest) throw conflict("fence", { fence: newest });
  }

  async acquire(
    address: SessionAddress,
    options: {
      readonly ttlMs: number;
      readonly waitMs: number;
      readonly takeOver: boolean;
      readonly signal: AbortSignal | undefined;
      readonly owner: object;
    },
  ): Promise<Grant> {
    const entry = this.#entry(sessionKey(address.tenant, address.session));
    this.#settle(entry);
    if (!entry.held || options.takeOver) {
      const grant = this.#grant(entry, options.ttlMs);
      // The new lease may end before the one that those who wait were waiting for.
      this.#watch(entry);
      return grant;
    }
    if (options.waitMs === 0) throw held(entry);
    return await new Promise<Grant>((resolve, reject) => {
      const { signal } = options;
      const leave = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
        const index = entry.waiters.indexOf(waiter);
        if (index >= 0) entry.waiters.splice(index, 1);
      };
      const waiter: Waiter = {
        owner: options.owner,
        ttlMs: options.ttlMs,
        deadline: this.#clock.now() + options.waitMs,
        grant(grant) {
          leave();
          resolve(grant);
        },
        refuse(error) {
          leave();
          reject(error);
        },
      };
      const onAbort = (): void => waiter.refuse(abortError(signal as AbortSignal));
      const timer = setTimeout(() => {
        this.#settle(entry);
        if (entry.waiters.includes(waiter)) waiter.refuse(held(entry));
      }, options.waitMs);
      signal?.addEventListener("abort", onAbort, { once: true });
      entry.waiters.push(waiter);
      this.#watch(entry);
    });
  }

  /** Who holds the session now. */
  holder(address: SessionAddress): Grant | undefined {
    const entry = this.#entries.get(sessionKey(address.tenant, address.session));
    if (entry !== undefined) this.#settle(entry);
    return entry?.held ? { fence: entry.fence, expiresAt: entry.expiresAt } : undefined;
  }

  /** @throws `conflict` when the lease was released, or another holder was granted since. */
  renew(address: SessionAddress, fence: number, ttlMs: number): Grant {
    const entry = this.#entries.get(sessionKey(address.tenant, address.session));
    if (entry !== undefined) this.#settle(entry);
    if (entry === undefined || entry.fence !== fence || entry.released) throw conflict("lease", {});
    entry.held = true;
    entry.expiresAt = this.#clock.now() + ttlMs;
    this.#watch(entry);
    return { fence, expiresAt: entry.expiresAt };
  }

  release(address: SessionAddress, fence: number): void {
    const entry = this.#entries.get(sessionKey(address.tenant, address.session));
    if (entry === undefined || entry.fence !== fence) return;
    entry.held = false;
    entry.released = true;
    this.#settle(entry);
  }

  /** Ends the waits of one handle. */
  refuseWaiters(owner: object, error: () => Error): void {
    for (const entry of this.#entries.values()) {
      for (const waiter of [...entry.waiters]) {
        if (waiter.owner === owner) waiter.refuse(error());
      }
      this.#watch(entry);
    }
  }

  #grant(entry: Entry, ttlMs: number): Grant {
    const now = this.#clock.now();
    entry.fence = Math.max(entry.fence + 1, now * 1000);
    entry.held = true;
    entry.released = false;
    entry.expiresAt = now + ttlMs;
    return { fence: entry.fence, expiresAt: entry.expiresAt };
  }

  /** Ends a lease whose time is over, hands it to who waited longest, and refuses who waited too long. */
  #settle(entry: Entry): void {
    const now = this.#clock.now();
    if (entry.held && entry.expiresAt <= now) entry.held = false;
    const next = entry.held ? undefined : entry.waiters[0];
    if (next !== undefined) next.grant(this.#grant(entry, next.ttlMs));
    for (const waiter of [...entry.waiters]) {
      if (waiter.deadline <= now) waiter.refuse(held(entry));
    }
    this.#watch(entry);
  }

  /** Looks again when the lease may be over, as long as somebody waits. */
  #watch(entry: Entry): void {
    clearTimeout(entry.timer);
    entry.timer = undefined;
    if (entry.waiters.length === 0) return;
    const left = Math.max(1, entry.expiresAt - this.#clock.now());
    const delay = this.#clock === systemClock ? Math.min(left, maxTimerMs) : Math.min(left, pollMs);
    entry.timer = setTimeout(() => this.#settle(entry), delay);
  }

  #entry(key: string): Entry {
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    this.#dropIdle();
    const entry: Entry = {
      key,
      fence: this.#floor,
      held: false,
      released: true,
      expiresAt: 0,
      waiters: [],
      timer: undefined,
    };
    this.#entries.set(key, entry);
    return entry;
  }

  /** Forgets an idle session or two. Its tokens stay below those of any later grant by the floor. */
  #dropIdle(): void {
    if (this.#entries.size < maxIdle) return;
    const now = this.#clock.now();
    let looks = 16;
    for (const entry of this.#entries.values()) {
      if (looks-- === 0) return;
      this.#entries.delete(entry.key);
      if (entry.waiters.length > 0 || (entry.held && entry.expiresAt > now)) {
        // Still in use: to the end of the line, so that the next look begins behind it.
        this.#entries.set(entry.key, entry);
      } else this.#floor = Math.max(this.#floor, entry.fence);
    }
  }
}

function held(entry: Entry): Error {
  return conflict("lease", { fence: entry.fence, expiresAt: entry.expiresAt });
}
