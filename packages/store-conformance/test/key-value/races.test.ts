import { createManualClock, type Store } from "@relevo/core";
import { createKeyValueDriver, createStore, type KeyValueSpace } from "@relevo/core/store";
import { describe, expect, it } from "vitest";
import { createMapEntries, createMapSpace } from "./map-space.ts";

const durability = { survives: "nothing", detail: "In the memory of this process." } as const;
const address = { tenant: "acme", session: "s" };
const message = (text: string) => ({ type: "message", body: { role: "user", content: text } }) as const;

/** A store on a space that the test wraps, and another store on the same entries. */
function openBoth(wrap: (space: KeyValueSpace, other: Store) => KeyValueSpace): {
  readonly store: Store;
  readonly other: Store;
} {
  const space = createMapSpace(createMapEntries(), createManualClock());
  const other = createStore(createKeyValueDriver(space, { durability }));
  return { store: createStore(createKeyValueDriver(wrap(space, other), { durability })), other };
}

/** Runs before the second read of the space: after the unit was read, before what stands in it. */
function beforeSecondRead(space: KeyValueSpace, run: () => Promise<unknown>): KeyValueSpace {
  let reads = 0;
  return {
    ...space,
    async read(request, options) {
      if (++reads === 2) await run();
      return await space.read(request, options);
    },
  };
}

describe("a call of the key-value driver that has nothing to write", () => {
  it("says what is there when another process trimmed while it was looking", async () => {
    const trim = { beforeSeq: 3 };
    const { store, other } = openBoth((space, one) =>
      beforeSecondRead(space, () => one.log.trim(address, trim)),
    );
    await other.log.append(address, [message("a"), message("b"), message("c")]);
    const result = await store.log.trim(address, trim);
    expect(result).toMatchObject({ removed: 0, firstSeq: 3, removalRevision: 2 });
  });

  it("says what is there when another process erased while it was looking", async () => {
    const erase = { seqs: [{ from: 1, to: 2 }] };
    const { store, other } = openBoth((space, one) =>
      beforeSecondRead(space, () => one.log.erase(address, erase)),
    );
    await other.log.append(address, [message("a"), message("b"), message("c")]);
    const result = await store.log.erase(address, erase);
    expect(result).toMatchObject({ erased: [1, 2], revision: 2, removalRevision: 2 });
  });
});

describe("a value that is written before the commit that points to it", () => {
  it("leaves nothing in the space when another writer was faster", async () => {
    const entries = createMapEntries();
    const limits = { commitEntries: 100, commitBytes: 64 * 1024, valueBytes: 1024 };
    const space = createMapSpace(entries, createManualClock(), limits);
    const other = createStore(createKeyValueDriver(space, { durability }));
    let commits = 0;
    const slow: KeyValueSpace = {
      ...space,
      async commit(changes, conditions, options) {
        // The first commits are parts, without a condition.
        if (commits++ === 0) await other.log.append(address, [message("faster")]);
        return await space.commit(changes, conditions, options);
      },
    };
    const store = createStore(createKeyValueDriver(slow, { durability }));
    const text = "x".repeat(150_000);
    expect((await store.log.append(address, [message(text)])).version).toBe(2);
    const keys = [...entries.byKey.keys()];
    expect(keys.filter((key) => key.includes("stage"))).toEqual([]);
    const parts = keys.filter((key) => key.includes("chunk")).length;
    expect(parts).toBeGreaterThan(100);
    expect(parts).toBeLessThan(200);
    expect((await other.log.read(address)).events.at(-1)?.body).toMatchObject({ content: text });
  });
});

describe("a signal that fires while the space works", () => {
  it("ends a read with `aborted`, whatever error the client of the space throws for it", async () => {
    const controller = new AbortController();
    const { store } = openBoth((space) => ({
      ...space,
      async read(_request, { signal }) {
        controller.abort();
        signal?.throwIfAborted();
        throw new Error("The signal was not passed on.");
      },
    }));
    const reading = store.log.read(address, { signal: controller.signal });
    await expect(reading).rejects.toMatchObject({ code: "aborted", outcome: "not-applied" });
  });

  it("lets nobody pass who waits behind a writer that gave up waiting", async () => {
    const gate = Promise.withResolvers<void>();
    let commits = 0;
    const { store } = openBoth((space) => ({
      ...space,
      async commit(changes, conditions, options) {
        if (++commits === 1) await gate.promise;
        return await space.commit(changes, conditions, options);
      },
    }));
    const first = store.log.append(address, [message("first")]);
    const controller = new AbortController();
    const second = store.log.append(address, [message("second")], { signal: controller.signal });
    const refused = expect(second).rejects.toMatchObject({ code: "aborted", outcome: "not-applied" });
    await new Promise((resolve) => setImmediate(resolve));
    controller.abort();
    await refused;
    const third = store.log.append(address, [message("third")]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(commits).toBe(1);
    gate.resolve();
    expect((await first).version).toBe(1);
    expect((await third).version).toBe(2);
  });
});
