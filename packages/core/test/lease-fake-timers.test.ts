import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { defaultLimits, type Leases } from "../src/index.ts";
import { withTimeout } from "../src/input/index.ts";
import { createStore, type HeldLease, type LeaseDriver, type StoreDriver } from "../src/store/index.ts";
import { rejected } from "./support.ts";

const address = { tenant: "t", session: "s" };
const never = {} as never;

/** Leases of a driver that tells of no release, and grants after so many refusals. */
function leasesAfter(refusals: number): Leases {
  let asked = 0;
  const held: HeldLease = { refused: "held", fence: 1, expiresAt: 60_000, leftMs: 60_000 };
  const driver: LeaseDriver = {
    pollMs: 5,
    acquire: () => (asked++ < refusals ? held : { ok: { fence: 2, expiresAt: 60_000 } }),
    renew: () => ({ refused: "lease" }),
    holder: () => ({ ok: undefined }),
    release: () => ({ ok: undefined }),
  };
  return createStore({
    limits: defaultLimits,
    log: never,
    documents: never,
    transfer: never,
    scan: never,
    leases: driver,
    close: () => undefined,
  } satisfies StoreDriver).leases;
}

/** Fails a wait that hangs. */
function ending<Result>(wait: Promise<Result>): Promise<Result> {
  return withTimeout(() => wait, { timeoutMs: 20_000, timeoutError: () => new Error("The wait hangs.") });
}

// As a user's test may do for its own reasons. Nobody moves these timers.
beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("a wait looks again under fake timers", async () => {
  const { fence } = await ending(leasesAfter(3).acquire(address, { ttlMs: 1000, waitMs: 60_000 }));
  expect(fence).toBe(2);
});

it("a wait ends under fake timers", async () => {
  const wait = leasesAfter(Number.POSITIVE_INFINITY).acquire(address, { ttlMs: 1000, waitMs: 30 });
  expect((await rejected(ending(wait), "conflict")).details).toMatchObject({ conflict: "lease", fence: 1 });
});
