import { once } from "node:events";
import { expect, test } from "vitest";
import { createMemoryStore } from "../src/index.ts";
import { says } from "./support.ts";

test("a failure that nobody listens for is a warning that a terminal shows as it is", async () => {
  await using store = createMemoryStore({
    maxSessions: 1,
    sweepIntervalMs: 0,
    onEvicted: () => {
      throw new Error("a\u009b2J\u001b[2J\u202e\nb");
    },
  });
  const warned = once(process, "warning");
  for (const session of ["one", "two"]) {
    await store.log.append({ tenant: "t", session }, [says("x")]);
  }
  const [warning] = await warned;
  expect(warning).toMatchObject({
    name: "RelevoStoreWarning",
    message: "Error: a\\u009b2J\\u001b[2J\\u202e\\nb",
  });
});

/** Thrown as it is: nothing of it can be read. */
const unreadable: unknown = new Proxy(
  {},
  {
    get() {
      throw new Error("hostile");
    },
  },
);

test("a failure that cannot be read is a warning all the same, and costs no write", async () => {
  await using store = createMemoryStore({
    maxSessions: 1,
    sweepIntervalMs: 0,
    onEvicted: () => {
      throw unreadable;
    },
  });
  const warned = once(process, "warning");
  for (const session of ["one", "two"]) await store.log.append({ tenant: "t", session }, [says("x")]);
  const [warning] = await warned;
  expect(warning).toMatchObject({ message: expect.stringContaining("What was thrown could not be read.") });
});
