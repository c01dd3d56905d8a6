import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { defaultLimits, type Leases } from "../src/index.ts";
import {
  createStore,
  type HeldLease,
  type LeaseDriver,
  type LeaseGrant,
  type StoreDriver,
} from "../src/store/index.ts";
import { replaceBuiltin } from "./replace-builtin.ts";
import { rejected } from "./support.ts";

// The time of a wait is the test's here, although waits do not use the globals that a test runner fakes.
replaceBuiltin("node:timers", {
  setTimeout: (run: () => void, ms: number) => globalThis.setTimeout(run, ms),
  clearTimeout: (timer: NodeJS.Timeout) => globalThis.clearTimeout(timer),
});
replaceBuiltin("node:perf_hooks", { performance: { now: () => globalThis.performance.now() } });

const address = { tenant: "t", session: "s" };
const ttlMs = 1000;
const never = {} as never;

type Tried = { readonly ok: LeaseGrant; readonly refused?: undefined } | HeldLease;

/** A driver whose attempts are answered by the test, one by one, and which counts what it is asked. */
class ScriptedLeases implements LeaseDriver {
  readonly pollMs = 100;
  readonly attempts: ((answer: Tried | Error) => void)[] = [];
  readonly released: number[] = [];
  releaseFails = false;
  asked = 0;
  wake: (() => void) | undefined;
  stopped = 0;

  acquire(): Promise<Tried> {
    this.asked++;
    return new Promise((resolve, reject) => {
      this.attempts.push((answer) => (answer instanceof Error ? reject(answer) : resolve(answer)));
    });
  }

  renew(): never {
    throw new Error("not here");
  }

  holder(): never {
    throw new Error("not here");
  }

  async release({ fence }: { readonly fence: number }): Promise<{ readonly ok: undefined }> {
    if (this.releaseFails) throw new Error("no connection");
    this.released.push(fence);
    return { ok: undefined };
  }

  watch(_address: object, wake: () => void): () => void {
    this.wake = wake;
    return () => this.stopped++;
  }

  /** Answers the oldest attempt that is not answered yet. */
  async answer(answer: Tried | Error): Promise<void> {
    for (let ticks = 0; this.attempts.length === 0 && ticks < 100; ticks++)
      await vi.advanceTimersByTimeAsync(0);
    expect(this.attempts.length).toBeGreaterThan(0);
    this.attempts.shift()?.(answer);
    await vi.advanceTimersByTimeAsync(0);
  }
}

let storeNow = 0;
const held = (leftMs = 60_000): HeldLease => ({
  refused: "held",
  fence: 1,
  expiresAt: storeNow + leftMs,
  leftMs,
});
const granted = (fence: number): Tried => ({ ok: { fence, expiresAt: storeNow + ttlMs } });

function open(): { driver: ScriptedLeases; leases: Leases; close: () => Promise<void> } {
  const driver = new ScriptedLeases();
  const store = createStore({
    limits: defaultLimits,
    log: never,
    documents: never,
    transfer: never,
    scan: never,
    leases: driver,
    close: () => undefined,
  } satisfies StoreDriver);
  return { driver, leases: store.leases, close: () => store.close() };
}

beforeEach(() => {
  storeNow = 1_000_000;
  vi.useFakeTimers();
});
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

describe("waiting for a lease", () => {
  it("is refused at once without waitMs, with what is known of the holder", async () => {
    const { driver, leases } = open();
    const refused = rejected(leases.acquire(address, { ttlMs }), "conflict");
    await driver.answer(held());
    expect((await refused).details).toEqual({ conflict: "lease", fence: 1, expiresAt: storeNow + 60_000 });
    expect((await refused).retryable).toBe(true);
  });

  it("looks as often as the driver says, when it is told of a release, and when the lease has run out", async () => {
    const { driver, leases } = open();
    const lease = leases.acquire(address, { ttlMs, waitMs: 10_000 });
    await driver.answer(held());
    await vi.advanceTimersByTimeAsync(74);
    expect(driver.asked).toBe(1);
    await vi.advanceTimersByTimeAsync(52);
    expect(driver.asked).toBe(2);
    await driver.answer(held(10));
    await vi.advanceTimersByTimeAsync(10);
    expect(driver.asked).toBe(3);
    await driver.answer(held());
    driver.wake?.();
    await vi.advanceTimersByTimeAsync(0);
    expect(driver.asked).toBe(4);
    await driver.answer(granted(2));
    expect((await lease).fence).toBe(2);
    await vi.advanceTimersByTimeAsync(0);
    expect(driver.stopped).toBe(1);
  });

  it("lets in one after the other in the order in which they asked, and asks for the first alone", async () => {
    const { driver, leases } = open();
    const order: number[] = [];
    const waits = [1, 2, 3].map(async (name) => {
      await leases.acquire(address, { ttlMs, waitMs: 60_000 });
      order.push(name);
    });
    for (let first = 0; first < 3; first++) await driver.answer(held());
    await vi.advanceTimersByTimeAsync(130);
    expect(driver.asked).toBe(4);
    for (const fence of [2, 3, 4]) {
      await driver.answer(granted(fence));
      driver.wake?.();
    }
    await Promise.all(waits);
    expect(order).toEqual([1, 2, 3]);
  });

  it("lets nobody who does not wait overtake those who do", async () => {
    const { driver, leases } = open();
    const patient = leases.acquire(address, { ttlMs, waitMs: 60_000 });
    await driver.answer(held());
    const hasty = rejected(leases.acquire(address, { ttlMs }), "conflict");
    await driver.answer(granted(2));
    expect((await patient).fence).toBe(2);
    expect((await hasty).details).toMatchObject({ conflict: "lease", fence: 2 });
  });

  it("ends after waitMs, by this process's clock or by the store's", async () => {
    const { driver, leases } = open();
    const slow = rejected(leases.acquire(address, { ttlMs, waitMs: 50 }), "conflict");
    await driver.answer(held());
    await vi.advanceTimersByTimeAsync(50);
    await slow;

    const byStore = rejected(leases.acquire(address, { ttlMs, waitMs: 5000 }), "conflict");
    await driver.answer(held());
    storeNow += 5000;
    await vi.advanceTimersByTimeAsync(130);
    await driver.answer(held());
    await byStore;
  });

  it("ends with the error of an attempt that fails, and goes on for the others", async () => {
    const { driver, leases } = open();
    const first = leases.acquire(address, { ttlMs, waitMs: 60_000 }).catch((error: unknown) => error);
    await driver.answer(held());
    const second = leases.acquire(address, { ttlMs, waitMs: 60_000 });
    const boom = new Error("boom");
    await vi.advanceTimersByTimeAsync(130);
    await driver.answer(boom);
    expect(await first).toBe(boom);
    await vi.advanceTimersByTimeAsync(130);
    await driver.answer(granted(2));
    expect((await second).fence).toBe(2);
  });

  it("serves whoever comes after the last one has left", async () => {
    const { driver, leases } = open();
    for (const fence of [2, 3]) {
      const lease = leases.acquire(address, { ttlMs, waitMs: 60_000 });
      await driver.answer(held());
      driver.wake?.();
      await driver.answer(granted(fence));
      expect((await lease).fence).toBe(fence);
      await vi.advanceTimersByTimeAsync(0);
    }
  });
});

describe("a wait that is given up", () => {
  it("ends at once while nobody is asked", async () => {
    const { driver, leases } = open();
    const controller = new AbortController();
    const aborted = rejected(
      leases.acquire(address, { ttlMs, waitMs: 60_000, signal: controller.signal }),
      "aborted",
    );
    await driver.answer(held());
    controller.abort(new Error("stop"));
    expect((await aborted).cause).toEqual(new Error("stop"));
    await vi.advanceTimersByTimeAsync(200);
    expect(driver.asked).toBe(1);
  });

  it("gives back what an attempt that was under way brings", async () => {
    const { driver, leases } = open();
    const controller = new AbortController();
    const { signal } = controller;
    // The first attempt of a call, and then one of a wait.
    const first = rejected(leases.acquire(address, { ttlMs, signal }), "aborted");
    controller.abort();
    await driver.answer(granted(2));
    await first;
    expect(driver.released).toEqual([2]);

    const again = new AbortController();
    const second = rejected(
      leases.acquire(address, { ttlMs, waitMs: 60_000, signal: again.signal }),
      "aborted",
    );
    await driver.answer(held());
    await vi.advanceTimersByTimeAsync(130);
    again.abort();
    await driver.answer(granted(3));
    await second;
    expect(driver.released).toEqual([2, 3]);
  });

  it("says that it does not know when the lease could not be given back", async () => {
    const { driver, leases } = open();
    driver.releaseFails = true;
    const controller = new AbortController();
    const acquire = leases.acquire(address, { ttlMs, signal: controller.signal });
    const outcome = expect(acquire).rejects.toMatchObject({ code: "aborted", outcome: "unknown" });
    controller.abort();
    await driver.answer(granted(2));
    await outcome;
  });

  it("ends with `closed` when the store is closed, and holds nothing then", async () => {
    const { driver, leases, close } = open();
    const waiting = rejected(leases.acquire(address, { ttlMs, waitMs: 60_000 }), "closed");
    await driver.answer(held());
    const other = rejected(leases.acquire({ ...address, session: "other" }, { ttlMs }), "closed");
    await close();
    await waiting;
    await driver.answer(granted(5));
    await other;
    expect(driver.released).toEqual([5]);
    await vi.advanceTimersByTimeAsync(0);
  });

  it("says that it does not know when a store that is closed could not give the lease back", async () => {
    const { driver, leases, close } = open();
    driver.releaseFails = true;
    const unknown = { code: "closed", outcome: "unknown" };
    const first = expect(leases.acquire(address, { ttlMs })).rejects.toMatchObject(unknown);
    const other = { ...address, session: "other" };
    const waiting = expect(leases.acquire(other, { ttlMs, waitMs: 60_000 })).rejects.toMatchObject(unknown);
    const [answerFirst, answerOther] = driver.attempts.splice(0);
    answerOther?.(held());
    await vi.advanceTimersByTimeAsync(130);
    await close();
    answerFirst?.(granted(5));
    await driver.answer(granted(6));
    await first;
    await waiting;
    await vi.advanceTimersByTimeAsync(0);
  });

  it("ends the waits when the driver cannot watch, and serves those who come later", async () => {
    const { driver, leases } = open();
    const watch = driver.watch;
    driver.watch = () => {
      throw new Error("cannot watch");
    };
    const failed = expect(leases.acquire(address, { ttlMs, waitMs: 60_000 })).rejects.toThrow("cannot watch");
    await driver.answer(held());
    await failed;
    driver.watch = watch;
    const lease = leases.acquire(address, { ttlMs, waitMs: 60_000 });
    await driver.answer(granted(2));
    expect((await lease).fence).toBe(2);
  });
});
