import { optionProblems } from "@relevo/store-conformance";
import { expect, it } from "vitest";
import { createRedisStore } from "../src/index.ts";

// The calls of the ports are tried by the conformance case hostile/unknown-options.
it("the factory refuses an option that nobody knows, and an undefined prefix", async () => {
  const client = { sendCommand: async () => null } as never;
  const problems = await optionProblems(
    { store: createRedisStore({ client }) },
    {
      createRedisStore: (o) => createRedisStore({ client, ...o }),
      limits: (o) => createRedisStore({ client, limits: { ...(o as object) } }),
      "store.check": (o) => createRedisStore({ client }).check(o),
    },
    ["store.close"],
  );
  expect(problems).toEqual([]);
  expect(() => createRedisStore({ client, prefix: undefined } as never)).toThrow(
    "options.prefix is undefined",
  );
  createRedisStore({ client, ttlMs: undefined, limits: undefined, deadlineMs: undefined });
});
