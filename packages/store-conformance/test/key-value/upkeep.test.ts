import { createManualClock, isEventTransfer, type ManualClock, type Store } from "@relevo/core";
import { createKeyValueDriver, createStore, type KeyValueSpace } from "@relevo/core/store";
import { describe, expect, it } from "vitest";
import { createMapEntries, createMapSpace, type MapEntries } from "./map-space.ts";

const durability = { survives: "nothing", detail: "In the memory of this process." } as const;
const limits = { commitEntries: 100, commitBytes: 64 * 1024, valueBytes: 1024 };
const address = { tenant: "acme", session: "s" };
const hour = 3_600_000;
const message = (text: string) => ({ type: "message", body: { role: "user", content: text } }) as const;

interface Opened {
  readonly store: Store;
  readonly clock: ManualClock;
  readonly entries: MapEntries;
  open(wrap: (space: KeyValueSpace) => KeyValueSpace): Store;
}

function openNarrow(): Opened {
  const clock = createManualClock();
  const entries = createMapEntries();
  const open: Opened["open"] = (wrap) =>
    createStore(createKeyValueDriver(wrap(createMapSpace(entries, clock, limits)), { durability }));
  return { store: open((space) => space), clock, entries, open };
}

/** Everything that is stored but the floor of the tenant and the epoch of its feed, which stay. */
function leftIn({ byKey }: MapEntries): string[] {
  return [...byKey.keys()].filter((key) => !/floor|feed/.test(key));
}

async function expireAll({ maintenance }: Store): Promise<number> {
  let documents = 0;
  for (let calls = 0; calls < 10; calls++) {
    const result = await maintenance?.expire();
    documents += result?.documents ?? 0;
    if (result?.more !== true) return documents;
  }
  throw new Error("Upkeep does not come to an end.");
}

describe("upkeep of the key-value driver", () => {
  it("lists a tenant whose values are longer than an entry may be", async () => {
    const { store } = openNarrow();
    await store.log.append(address, [message("x".repeat(5000))]);
    expect((await store.maintenance?.tenants())?.items).toEqual(["acme"]);
  });

  it("removes what was written before a commit that never came", async () => {
    const { store, clock, entries, open } = openNarrow();
    let commits = 0;
    const dying = open((space) => ({
      ...space,
      commit(changes, conditions, options) {
        if (++commits > 2) throw new Error("The process was killed.");
        return space.commit(changes, conditions, options);
      },
      read(request, options) {
        if (commits > 2) throw new Error("The process was killed.");
        return space.read(request, options);
      },
    }));
    await expect(dying.log.append(address, [message("x".repeat(200_000))])).rejects.toThrow();
    expect(leftIn(entries).length).toBeGreaterThan(50);
    clock.advance(2 * hour);
    await expireAll(store);
    expect(leftIn(entries)).toEqual([]);
  });

  it("forgets the operations of a session that expired, and comes to an end", async () => {
    const { store, clock, entries } = openNarrow();
    await store.log.append(address, [message("a")], {
      operation: { id: "o", fingerprint: "f" },
      ttlMs: 1000,
    });
    clock.advance(1001);
    await expireAll(store);
    expect(leftIn(entries).length).toBeGreaterThan(0);
    clock.advance(7 * 24 * hour);
    await expireAll(store);
    expect(leftIn(entries)).toEqual([]);
  });

  it("removes expired documents of a session that is sealed", async () => {
    const { store, clock, entries } = openNarrow();
    await store.log.append(address, [message("a")]);
    const stored = leftIn(entries).length;
    await store.documents.put(
      { ...address, namespace: ["n"], key: "k" },
      { value: 1, tags: ["t"], ttlMs: 1000 },
    );
    if (!isEventTransfer(store.log)) throw new Error("The log cannot seal.");
    await store.log.seal(address);
    clock.advance(1001);
    expect(await expireAll(store)).toBe(1);
    expect(leftIn(entries)).toHaveLength(stored);
  });

  it("removes a document also when the clock was set back while it was looked at", async () => {
    const { store, clock, entries, open } = openNarrow();
    await store.documents.put({ tenant: "acme", namespace: ["n"], key: "k" }, { value: 1, ttlMs: 1000 });
    clock.advance(1001);
    let back = 0;
    const wavering = open((space) => ({
      ...space,
      now: () => clock.now() - back,
      read(request, options) {
        if (request.ranges.length > 0) back = 500;
        return space.read(request, options);
      },
    }));
    expect(await expireAll(wavering)).toBe(0);
    expect(await expireAll(store)).toBe(1);
    clock.advance(7 * 24 * hour);
    await expireAll(store);
    expect(leftIn(entries)).toEqual([]);
  });
});
