import { getMaxListeners } from "node:events";
import { setTimeout } from "node:timers/promises";
import { expect, it } from "vitest";
import { Connection } from "../src/connection/connection.ts";

it("the steps of a call may all listen to its signal, without a warning of Node about a leak", () => {
  const client = { sendCommand: async () => null };
  const connection = new Connection(client, { deadlineMs: 1000, minReplicas: 0 });
  for (const signal of [undefined, new AbortController().signal])
    expect(getMaxListeners(connection.scope(signal))).toBe(0);
});

it("sends nothing after a call was aborted between two tries", async () => {
  const controller = new AbortController();
  let calls = 0;
  const busy = {
    sendCommand: async () => {
      // Behind the refusal, in the pause before the next try.
      if (++calls === 1) setImmediate(() => controller.abort());
      throw new Error("BUSY Redis is busy running a script.");
    },
  };
  const connection = new Connection(busy, { deadlineMs: 60_000, minReplicas: 0 });
  const call = connection.read("k", ["GET", "k"], { signal: controller.signal });
  await expect(call).rejects.toMatchObject({ code: "aborted", outcome: "not-applied" });
  const told = calls;
  // Longer than the pause that was under way; a timer set later ends later.
  await setTimeout(300);
  expect(calls).toBe(told);
});
