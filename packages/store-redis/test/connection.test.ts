import { getMaxListeners } from "node:events";
import { expect, it } from "vitest";
import { Connection } from "../src/connection/connection.ts";

it("the steps of a call may all listen to its signal, without a warning of Node about a leak", () => {
  const client = { sendCommand: async () => null };
  const connection = new Connection(client, { deadlineMs: 1000, minReplicas: 0 });
  for (const signal of [undefined, new AbortController().signal])
    expect(getMaxListeners(connection.scope(signal))).toBe(0);
});
