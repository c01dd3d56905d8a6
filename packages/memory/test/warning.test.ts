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
