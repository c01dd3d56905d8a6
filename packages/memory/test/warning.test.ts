import { once } from "node:events";
import { createMemoryStore } from "@relevo/store-memory";
import { expect, test } from "vitest";
import { createMemory } from "../src/index.ts";

test("a failure that nobody listens for is a warning that a terminal shows as it is", async () => {
  await using store = createMemoryStore({ sweepIntervalMs: 0 });
  const counter = {
    name: "failing",
    countText: (text: string) => text.length,
    countMessage: () => {
      throw new Error("a\u009b2J\u001b[2J\u202e\nb");
    },
  };
  const warned = once(process, "warning");
  await createMemory({ store, counter }).tenant("t").session("s").append({ role: "user", content: "x" });
  const [warning] = await warned;
  expect(warning).toMatchObject({
    name: "RelevoWarning",
    message: expect.stringContaining("a\\u009b2J\\u001b[2J\\u202e\\nb"),
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

test("a failure that cannot be read is a warning all the same, and costs no message", async () => {
  await using store = createMemoryStore({ sweepIntervalMs: 0 });
  const counter = {
    name: "failing",
    countText: (text: string) => text.length,
    countMessage: () => {
      throw unreadable;
    },
  };
  const warned = once(process, "warning");
  const session = createMemory({ store, counter }).tenant("t").session("s");
  expect((await session.append({ role: "user", content: "x" })).version).toBe(1);
  const [warning] = await warned;
  expect(warning).toMatchObject({ message: expect.stringContaining("What was thrown could not be read.") });
});
