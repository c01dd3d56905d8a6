import { once } from "node:events";
import { expect, test } from "vitest";
import { createHandoffs } from "../src/create-handoffs.ts";
import { bench, done, work } from "./support.ts";

test("a failure that nobody listens for is a warning that a terminal shows as it is", async () => {
  const { log, session } = bench();
  const onStart = () => {
    throw new Error("a\u009b2J\u001b[2J\u202e\nb");
  };
  const warned = once(process, "warning");
  await createHandoffs({ log, observer: { onStart } }).run({ ...work, session }, done);
  const [warning] = await warned;
  expect(warning).toMatchObject({
    name: "RelevoHandoffWarning",
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

test("a failure that cannot be read is a warning all the same", async () => {
  const { log, session } = bench();
  const onStart = () => {
    throw unreadable;
  };
  const warned = once(process, "warning");
  expect(await createHandoffs({ log, observer: { onStart } }).run({ ...work, session }, done)).toBe("done");
  const [warning] = await warned;
  expect(warning).toMatchObject({ message: expect.stringContaining("What was thrown could not be read.") });
});
