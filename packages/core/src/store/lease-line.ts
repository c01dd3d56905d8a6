// Not the globals, which test runners replace by fakes that never move: a wait would never end.
import { performance } from "node:perf_hooks";
import { clearTimeout, setTimeout } from "node:timers";
import type { SessionAddress } from "../address.ts";
import { closedError, conflict } from "../input/conflict.ts";
import { abortError } from "../input/numbers.ts";
import type { MemoryError } from "../memory-error.ts";
import type { HeldLease, LeaseDriver, LeaseGrant } from "./driver.ts";
import type { AdmittedAcquire } from "./upkeep-calls.ts";

/** The longest that a timer can wait. */
const maxTimerMs = 2 ** 31 - 1;

interface Waiter {
  readonly ttlMs: number;
  readonly waitMs: number;
  /** By `performance.now()`. */
  readonly endsAt: number;
  /** By the store's clock, as soon as an answer told it. The first end to pass counts. */
  storeEndsAt: number | undefined;
  /** Why it must not get what the attempt that is under way may bring. */
  gaveUp: ((outcome: "not-applied" | "unknown") => MemoryError) | undefined;
  grant(grant: LeaseGrant): void;
  refuse(error: unknown): void;
}

/**
 * Those who wait for one session's lease through one store. Only the first of them asks the driver, so that they come in
 * the order in which they asked, and that a hundred of them cost a server no more than one.
 */
export class LeaseLine {
  readonly #driver: LeaseDriver;
  readonly #address: SessionAddress;
  readonly #waiters: Waiter[] = [];
  /** The one for whom an attempt is under way. */
  #trying: Waiter | undefined;
  #held: HeldLease | undefined;
  #wake: (() => void) | undefined;
  /** A wake that came while nobody slept. */
  #woken = false;

  readonly #onEmpty: () => void;

  /** `onEmpty` is called in the step in which `serve` ends, so that nobody joins a line that is not served. */
  constructor(driver: LeaseDriver, address: SessionAddress, onEmpty: () => void) {
    this.#driver = driver;
    this.#address = address;
    this.#onEmpty = onEmpty;
  }

  /**
   * Waits at the end of the line; `held` is what an attempt of its own was answered. Whoever does not want to wait
   * still comes after those who do.
   *
   * @throws `conflict` after `waitMs`; `aborted`; `closed`.
   */
  join({ ttlMs, waitMs, signal }: AdmittedAcquire, held: HeldLease | undefined): Promise<LeaseGrant> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
        const index = this.#waiters.indexOf(waiter);
        if (index >= 0) this.#waiters.splice(index, 1);
        if (this.#waiters.length === 0) this.wake();
      };
      const waiter: Waiter = {
        ttlMs,
        waitMs,
        endsAt: performance.now() + waitMs,
        storeEndsAt: held && held.expiresAt - held.leftMs + waitMs,
        gaveUp: undefined,
        grant(grant) {
          leave();
          resolve(grant);
        },
        refuse(error) {
          leave();
          reject(error);
        },
      };
      const onAbort = (): void =>
        this.#giveUp(waiter, (outcome) => abortError(signal as AbortSignal, outcome));
      const timer = setTimeout(() => {
        // An attempt that is under way ends the wait when it is answered.
        if (this.#trying === undefined && this.#held !== undefined) waiter.refuse(heldError(this.#held));
      }, waitMs);
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#waiters.push(waiter);
      this.#held = held ?? this.#held;
      if (waitMs === 0) this.wake();
    });
  }

  /** Looks again now. */
  wake(): void {
    if (this.#wake === undefined) this.#woken = true;
    else this.#wake();
  }

  /** Ends every wait with `closed`. */
  close(): void {
    for (const waiter of [...this.#waiters]) this.#giveUp(waiter, closedError);
  }

  /** Serves the line until nobody waits. */
  async serve(): Promise<void> {
    let stop: (() => void) | undefined;
    try {
      stop = this.#driver.watch?.(this.#address, () => this.wake());
      for (;;) {
        if (this.#held !== undefined && this.#waiters.length > 0) await this.#pause(this.#held.leftMs);
        const [first] = this.#waiters;
        if (first === undefined) {
          this.#onEmpty();
          return;
        }
        await this.#tryFor(first);
      }
    } catch (error) {
      // Only `watch` throws here. Whoever waits is told, and the next one finds no line that nobody serves.
      for (const waiter of [...this.#waiters]) waiter.refuse(error);
      this.#onEmpty();
    } finally {
      stop?.();
    }
  }

  async #tryFor(waiter: Waiter): Promise<void> {
    this.#trying = waiter;
    try {
      const answer = await this.#driver.acquire({
        address: this.#address,
        ttlMs: waiter.ttlMs,
        takeOver: false,
      });
      if (answer.refused !== undefined) {
        this.#held = answer;
        if (waiter.gaveUp !== undefined) waiter.refuse(waiter.gaveUp("not-applied"));
      } else if (waiter.gaveUp !== undefined) {
        this.#held = undefined;
        waiter.refuse(waiter.gaveUp(await giveBack(this.#driver, this.#address, answer.ok.fence)));
      } else {
        this.#held = { refused: "held", ...answer.ok, leftMs: waiter.ttlMs };
        waiter.grant(answer.ok);
      }
      if (this.#held !== undefined) this.#refuseLate(this.#held);
    } catch (error) {
      waiter.refuse(error);
    } finally {
      this.#trying = undefined;
    }
  }

  #refuseLate(held: HeldLease): void {
    const storeNow = held.expiresAt - held.leftMs;
    const now = performance.now();
    for (const waiter of [...this.#waiters]) {
      waiter.storeEndsAt ??= storeNow + waiter.waitMs;
      if (waiter.storeEndsAt <= storeNow || waiter.endsAt <= now) waiter.refuse(heldError(held));
    }
  }

  #giveUp(waiter: Waiter, why: (outcome: "not-applied" | "unknown") => MemoryError): void {
    if (this.#trying === waiter) waiter.gaveUp ??= why;
    else waiter.refuse(why("not-applied"));
  }

  /** Until the lease may be free. */
  #pause(leftMs: number): Promise<void> {
    if (this.#woken) {
      this.#woken = false;
      return Promise.resolve();
    }
    const { pollMs } = this.#driver;
    // Some spread, so that processes which began to wait together do not ask together for ever.
    const untilLookMs = pollMs === undefined ? maxTimerMs : pollMs * (0.75 + Math.random() / 2);
    const ms = Math.max(1, Math.min(leftMs, untilLookMs, maxTimerMs));
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
      const timer = setTimeout(end, ms);
      this.#wake = end;
    });
  }
}

/** Lets go of a lease that nobody wants any more. Answers what is known of it then. */
export async function giveBack(
  driver: LeaseDriver,
  address: SessionAddress,
  fence: number,
): Promise<"not-applied" | "unknown"> {
  try {
    await driver.release({ address, fence, signal: undefined });
    return "not-applied";
  } catch {
    // It runs out by itself; until then it keeps others out, and the caller's error says so.
    return "unknown";
  }
}

export function heldError({ fence, expiresAt }: HeldLease): MemoryError {
  return conflict("lease", { fence, expiresAt });
}
