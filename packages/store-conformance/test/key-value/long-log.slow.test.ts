import { createManualClock, readAll } from "@relevo/core";
import { createKeyValueDriver, createStore } from "@relevo/core/store";
import { expect, it } from "vitest";
import { createMapEntries, createMapSpace } from "./map-space.ts";

const durability = { survives: "nothing", detail: "In the memory of this process." } as const;
const address = { tenant: "acme", session: "s" };

/** More than one call takes as arguments: about 120,000 with Node's default stack. */
const events = 130_000;

it("a retraction of a very long log marks all of it, without a deep stack", async () => {
  const space = createMapSpace(createMapEntries(), createManualClock());
  await using store = createStore(createKeyValueDriver(space, { durability }));
  const message = { type: "message", body: { role: "user", content: "x" } } as const;
  const batch = Array.from({ length: 1000 }, () => message);
  for (let count = 0; count < events; count += batch.length) await store.log.append(address, batch);
  const reason = "clear";
  await store.log.append(address, [
    { type: "retraction", body: { ranges: [{ from: 1, to: events }], reason } },
    message,
  ]);
  const { events: effective } = await store.log.read(address, { types: ["message"] });
  expect(effective.map(({ seq }) => seq)).toEqual([events + 2]);
  let retracted = 0;
  for await (const page of readAll(store.log, address, { retracted: "only", limit: 1000 }))
    retracted += page.length;
  expect(retracted).toBe(events);
});
