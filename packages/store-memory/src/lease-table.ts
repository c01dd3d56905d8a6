import { type Clock, type SessionAddress, systemClock } from "@relevo/core";
import {
  type HeldLease,
  type LeaseDriver,
  type LeaseGrant,
  type Refusal,
  sessionKey,
} from "@relevo/core/store";

/** Sessions without a holder whose last token is kept by name. Those before are covered by one common floor. */
const maxIdle = 10_000;
/** An injected clock moves when it likes, so who waits looks at it this often. In milliseconds. */
const pollMs = 20;

interface Entry {
  readonly key: string;
  fence: number;
  held: boolean;
  /** Given back, as opposed to run out: what ran out may still be renewed. */
  released: boolean;
  expiresAt: number;
  readonly watchers: Set<() => void>;
}

/** Who holds which session. Survives the session's deletion, so that no token is ever granted twice. */
export class LeaseTable implements LeaseDriver {
  readonly pollMs: number | undefined;
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();
  #floor = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.pollMs = clock === systemClock ? undefined : pollMs;
  }

  /** The token granted last for the session; 0 when there was none. */
  newestFence(address: SessionAddress): number {
    return this.#known(address)?.fence ?? 0;
  }

  refuseFence(address: SessionAddress, fence: number | undefined): Refusal | undefined {
    if (fence === undefined) return undefined;
    const current = this.newestFence(address);
    return fence === current ? undefined : { refused: "fence", current };
  }

  acquire({
    address,
    ttlMs,
  }: {
    readonly address: SessionAddress;
    readonly ttlMs: number;
  }): { readonly ok: LeaseGrant; readonly refused?: undefined } | HeldLease {
    const entry = this.#entry(sessionKey(address.tenant, address.session));
    const now = this.#clock.now();
    const { fence, expiresAt } = entry;
    if (entry.held && expiresAt > now) return { refused: "held", fence, expiresAt, leftMs: expiresAt - now };
    entry.fence = Math.max(fence + 1, now * 1000);
    entry.held = true;
    entry.released = false;
    entry.expiresAt = now + ttlMs;
    return { ok: { fence: entry.fence, expiresAt: entry.expiresAt } };
  }

  renew({
    address,
    fence,
    ttlMs,
  }: {
    readonly address: SessionAddress;
    readonly fence: number;
    readonly ttlMs: number;
  }): { readonly ok: LeaseGrant; readonly refused?: undefined } | { readonly refused: "lease" } {
    const entry = this.#known(address);
    if (entry === undefined || entry.fence !== fence || entry.released) return { refused: "lease" };
    entry.held = true;
    entry.expiresAt = this.#clock.now() + ttlMs;
    return { ok: { fence, expiresAt: entry.expiresAt } };
  }

  release({ address, fence }: { readonly address: SessionAddress; readonly fence: number }): {
    readonly ok: undefined;
  } {
    const entry = this.#known(address);
    if (entry?.fence === fence) {
      entry.held = false;
      entry.released = true;
      for (const wake of entry.watchers) wake();
    }
    return { ok: undefined };
  }

  watch(address: SessionAddress, wake: () => void): () => void {
    const { watchers } = this.#entry(sessionKey(address.tenant, address.session));
    watchers.add(wake);
    return () => watchers.delete(wake);
  }

  #known({ tenant, session }: SessionAddress): Entry | undefined {
    return this.#entries.size === 0 ? undefined : this.#entries.get(sessionKey(tenant, session));
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
      watchers: new Set(),
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
      if (entry.watchers.size > 0 || (entry.held && entry.expiresAt > now)) {
        // Still in use: to the end of the line, so that the next look begins behind it.
        this.#entries.set(entry.key, entry);
      } else this.#floor = Math.max(this.#floor, entry.fence);
    }
  }
}
