import { defaultLimits, type Store } from "@relevo/core";
import { createStore, isCreatedStore, type StoreDriver } from "@relevo/core/store";
import { describe, expect, it } from "vitest";
import { someOf } from "../src/cases/hostile/places.ts";
import type { CaseContext, ConformanceCase, Mutant, StoreHarness } from "../src/harness.ts";
import { breakStore } from "../src/mutants/break-store.ts";
import { runCase, runMutant } from "../src/run-case.ts";

const driver = { limits: defaultLimits, log: {}, close: () => undefined } as unknown as StoreDriver;
const created = createStore(driver);
const { limits, log, documents, close } = created;
const own: Store = { limits, log, documents, close, [Symbol.asyncDispose]: close };

function harnessOf(store: Store, provesAdmission?: boolean): StoreHarness {
  return {
    name: "one",
    ...(provesAdmission === undefined ? {} : { provesAdmission }),
    open: async () => ({
      store,
      other: store,
      advance: async () => undefined,
      [Symbol.asyncDispose]: async () => undefined,
    }),
  };
}

/** A case that keeps what it was told, instead of looking at the store. */
function listening(): { readonly entry: ConformanceCase; readonly heard: boolean[] } {
  const heard: boolean[] = [];
  const run = async ({ everyPlace }: CaseContext): Promise<void> => void heard.push(everyPlace);
  return { entry: { id: "hostile/listens", area: "hostile", contract: "It listens.", run }, heard };
}

describe("hostile input", () => {
  it("is tried at every place where the admission is not core's, or is to be proven", async () => {
    const { entry, heard } = listening();
    expect([isCreatedStore(created), isCreatedStore(own)]).toEqual([true, false]);
    await runCase(entry, harnessOf(own));
    await runCase(entry, harnessOf(created));
    await runCase(entry, harnessOf(created, true));
    expect(heard).toEqual([true, false, true]);
  });

  it("is tried at every place of a mutant, whatever that was made of", async () => {
    const { entry, heard } = listening();
    const mutant: Mutant = {
      id: "does-nothing",
      target: entry.id,
      defect: "nothing",
      mutate: (store, shared) => breakStore(store, shared, () => ({})),
    };
    await using fixture = await harnessOf(created).open();
    await runMutant(mutant, entry, fixture);
    expect(heard).toEqual([true]);
  });

  it("is tried elsewhere at an eighth of the places, another for each value, and somewhere always", () => {
    const places = Array.from({ length: 61 }, (_, place) => place);
    const shares = Array.from({ length: 8 }, (_, group) => someOf(places, group));
    expect(shares.flat().sort((left, right) => left - right)).toEqual(places);
    expect(Math.max(...shares.map(({ length }) => length))).toBe(8);
    expect(someOf(["only"], 5)).toEqual(["only"]);
  });
});
