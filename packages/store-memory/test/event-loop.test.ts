import { createManualClock } from "@relevo/core";
import { describe, expect, it, vi } from "vitest";
import { createMemoryStore, type MemoryStore } from "../src/index.ts";

const session = { tenant: "acme", session: "s-1" };
const document = { tenant: "acme", namespace: ["n"], key: "k" };
const note = [{ type: "x-note", body: 1 }] as const;

/** How many awaited calls it takes until an immediate that was asked for before the first of them has run. */
async function callsUntilTurn(call: () => Promise<unknown>): Promise<number> {
  let turned = false;
  setImmediate(() => {
    turned = true;
  });
  for (let calls = 1; calls <= 10_000; calls++) {
    await call().catch(() => undefined);
    if (turned) return calls;
  }
  return Number.POSITIVE_INFINITY;
}

const calls: Record<string, (store: MemoryStore) => () => Promise<unknown>> = {
  append: (store) => () => store.log.append(session, note),
  read: (store) => () => store.log.read(session),
  head: (store) => () => store.log.head(session),
  list: (store) => () => store.log.list("acme"),
  put: (store) => () => store.documents.put(document, { value: 1 }),
  get: (store) => () => store.documents.get(document),
  find: (store) => () => store.documents.find({ tenant: "acme" }),
  "acquire that fails": (store) => () => store.leases.acquire(session, { ttlMs: 1000 }),
  expire: (store) => () => store.maintenance.expire(),
  "append that is refused": (store) => () => store.log.append(session, []),
};

describe("a loop of awaited calls", () => {
  it.each(Object.entries(calls))("of %s lets the event loop turn", async (_name, callOf) => {
    // The clock stands still, so that the number of calls decides, however fast they are.
    await using store = createMemoryStore({ clock: createManualClock() });
    await store.leases.acquire(session, { ttlMs: 1000 });
    const call = callOf(store);
    for (let round = 0; round < 3; round++) expect(await callsUntilTurn(call)).toBeLessThanOrEqual(257);
  });

  it("of renewals lets the event loop turn", async () => {
    await using store = createMemoryStore({ clock: createManualClock() });
    const lease = await store.leases.acquire(session, { ttlMs: 1000 });
    expect(await callsUntilTurn(() => lease.renew())).toBeLessThanOrEqual(257);
  });

  it("lets it turn sooner when the calls take long", async () => {
    const clock = createManualClock();
    await using store = createMemoryStore({ clock });
    const slow = () => {
      clock.advance(3);
      return store.log.append(session, note);
    };
    await callsUntilTurn(slow);
    expect(await callsUntilTurn(slow)).toBeLessThanOrEqual(10);
  });

  it("answers the signal of a timer beside it", async () => {
    await using store = createMemoryStore();
    const signal = AbortSignal.timeout(1);
    const endless = (async () => {
      for (;;) await store.log.append(session, note, { signal });
    })();
    await expect(endless).rejects.toMatchObject({ code: "aborted" });
  });

  it("ends under the fake timers of a test runner", async () => {
    vi.useFakeTimers();
    try {
      await using store = createMemoryStore();
      for (let call = 0; call < 1000; call++) await store.log.append(session, note);
      expect((await store.log.head(session))?.version).toBe(1000);
    } finally {
      vi.useRealTimers();
    }
  });

  it("keeps the order of calls made at once, whichever of them wait", async () => {
    await using store = createMemoryStore();
    const results = await Promise.all(Array.from({ length: 1000 }, () => store.log.append(session, note)));
    expect(results.map(({ firstSeq }) => firstSeq)).toEqual(results.map((_result, index) => index + 1));
  });
});
