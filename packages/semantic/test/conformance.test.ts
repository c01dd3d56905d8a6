import {
  describeConformance,
  describeMutants,
  type StoreHarness,
  searchCases,
} from "@relevo/store-conformance";
import { createMemoryStore } from "@relevo/store-memory";
import { createSearchIndex } from "../src/index.ts";

/** A store in process with the index in process. The index has no handles: both of the fixture are the same. */
const harness: StoreHarness = {
  name: "index in process",
  async open() {
    const store = { ...createMemoryStore(), search: createSearchIndex() };
    return {
      store,
      other: { ...store },
      advance: async () => undefined,
      [Symbol.asyncDispose]: () => store.close(),
    };
  },
};

describeConformance(harness, { cases: searchCases });
describeMutants(harness, { onlyTargets: searchCases.map(({ id }) => id) });
