import { optionProblems, storeOptionProblems } from "@relevo/store-conformance";
import { expect, it } from "vitest";
import { createMemoryStore } from "../src/index.ts";

it("an option that nobody knows is refused by every call", async () => {
  const factory = await optionProblems(
    {},
    {
      createMemoryStore: (o) => createMemoryStore({ ...(o as object) }),
      limits: (o) => createMemoryStore({ limits: { ...(o as object) } }),
    },
  );
  const without = ["store.close", "store.handle", "store.evict", "store.stats", "log.presentToken"];
  expect([...factory, ...(await storeOptionProblems(createMemoryStore(), {}, without))]).toEqual([]);
});

it("options that only refine may be undefined", () => {
  createMemoryStore({
    limits: { idBytes: undefined },
    ttlMs: undefined,
    maxSessions: undefined,
    clock: undefined,
  });
});
