import { createManualClock, type Store } from "@relevo/core";
import { createKeyValueDriver, createStore } from "@relevo/core/store";
import { describe, expect, it } from "vitest";
import { allCases } from "../src/all-cases.ts";
import { describeConformance, type TestRunner } from "../src/describe-conformance.ts";
import type { StoreHarness } from "../src/harness.ts";
import { runCase } from "../src/run-case.ts";
import { createMapEntries, createMapSpace, type MapEntries } from "./key-value/map-space.ts";

const clock = createManualClock();

function openOn(entries: MapEntries): Store {
  const durability = { survives: "nothing", detail: "In the memory of this process." } as const;
  return createStore(createKeyValueDriver(createMapSpace(entries, clock), { durability }));
}

function harnessOf(open: () => readonly [store: Store, other: Store]): StoreHarness {
  return {
    name: "store-example",
    async open() {
      const [store, other] = open();
      const close = async (): Promise<void> => void (await Promise.all([store.close(), other.close()]));
      return { store, other, advance: async () => undefined, [Symbol.asyncDispose]: close };
    },
  };
}

type Test = Parameters<TestRunner["it"]>[1];

/** Runs the tests that the kit registers, or one of them, and returns what each came to. */
async function outcomesOf(
  harness: StoreHarness,
  { skips, only }: { readonly skips: boolean; readonly only?: number },
): Promise<readonly string[]> {
  const tests: Test[] = [];
  describeConformance(harness, {
    describe: (_, register) => register(),
    it: (_, run) => tests.push(run),
  });
  expect(tests).toHaveLength(allCases.length + 1);
  const outcomes: string[] = [];
  for (const run of only === undefined ? tests : tests.slice(only, only + 1)) {
    let outcome = "passed";
    const skip = (): void => {
      outcome = "skipped";
    };
    await run(skips ? { skip } : {}).catch((error: Error) => {
      outcome = error.message;
    });
    outcomes.push(outcome);
  }
  return outcomes;
}

const apart = harnessOf(() => [openOn(createMapEntries()), openOn(createMapEntries())]);

/** `other` sees what `store` writes, and writes where nobody looks. */
const halfApart = harnessOf(() => {
  const entries = createMapEntries();
  const [store, other, elsewhere] = [openOn(entries), openOn(entries), openOn(createMapEntries())];
  const log = new Proxy(other.log, {
    get: (target, name) => Reflect.get(name === "append" ? elsewhere.log : target, name) as unknown,
  });
  return [store, { ...other, log, close: () => other.close() }];
});

describe("two handles that do not share their data", () => {
  it.each([
    ["neither sees the other's", apart, /`other` does not see a session that `store` has just appended to/],
    ["one does not see the other's", halfApart, /`store` does not see a session that `other`/],
  ])("are one clear failure, and no case runs: %s", async (_, harness, message) => {
    const [first, ...others] = await outcomesOf(harness, { skips: true });
    expect(first).toMatch(message);
    expect(new Set(others)).toEqual(new Set(["skipped"]));
  });

  it("are the failure of every case for a runner that cannot skip, and of the case that runs alone", async () => {
    const all = new Set(await outcomesOf(apart, { skips: false }));
    expect([...all]).toEqual([expect.stringContaining("do not share their data")]);
    expect(await outcomesOf(apart, { skips: true, only: 7 })).toEqual([...all]);
  });
});

describe("two handles of which each counts versions for itself", () => {
  it("are told that the counter belongs to the data", async () => {
    const harness = harnessOf(() => {
      const entries = createMapEntries();
      const counting = (): Store => {
        let put = 0;
        const store = openOn(entries);
        const documents = new Proxy(store.documents, {
          get(target, name) {
            if (name !== "put") return Reflect.get(target, name) as unknown;
            return async (...call: Parameters<Store["documents"]["put"]>) => ({
              ...(await store.documents.put(...call)),
              version: ++put,
            });
          },
        });
        return { ...store, documents, close: () => store.close() };
      };
      return [counting(), counting()];
    });
    const growing = allCases.find(({ id }) => id === "documents/versions-grow");
    if (growing === undefined) throw new Error("There is no such case.");
    await expect(runCase(growing, harness)).rejects.toThrow(
      /whichever handle or process makes it, and these were 1, 1, 2, 2, .*Keep the counter with the data/u,
    );
  });
});
