import { createManualClock } from "@relevo/core";
import {
  createKeyValueDriver,
  createStore,
  type KeyValueLimits,
  type KeyValueSpace,
} from "@relevo/core/store";
import type { StoreHarness } from "../../src/index.ts";
import { createMapEntries, createMapSpace } from "./map-space.ts";

const durability = { survives: "nothing", detail: "In the memory of this process." } as const;

export interface KeyValueHarnessOptions {
  readonly limits?: KeyValueLimits;
  /** Stands between the driver and its space. */
  readonly wrap?: (space: KeyValueSpace) => KeyValueSpace;
}

/** The kit's way in to the driver over a map: two drivers on the same entries. */
export function keyValueHarness(name: string, options: KeyValueHarnessOptions = {}): StoreHarness {
  const { limits, wrap = (space) => space } = options;
  return {
    name,
    async open() {
      const clock = createManualClock();
      const entries = createMapEntries();
      const open = () =>
        createStore(createKeyValueDriver(wrap(createMapSpace(entries, clock, limits)), { durability }));
      const store = open();
      const other = open();
      return {
        store,
        other,
        async advance(ms) {
          clock.advance(ms);
        },
        async rewind(ms) {
          clock.advance(-ms);
        },
        async [Symbol.asyncDispose]() {
          await store.close();
          await other.close();
        },
      };
    },
  };
}
