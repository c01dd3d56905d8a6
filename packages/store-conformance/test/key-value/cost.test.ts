import { createManualClock, type Store } from "@relevo/core";
import { createKeyValueDriver, createStore, type KeyValueSpace } from "@relevo/core/store";
import { expect, it } from "vitest";
import { createMapEntries, createMapSpace } from "./map-space.ts";

const durability = { survives: "nothing", detail: "In the memory of this process." } as const;
const address = { tenant: "acme", session: "s" };
const message = (text: string) => ({ type: "message", body: { role: "user", content: text } }) as const;

/** What went over the border to the space. */
interface Traffic {
  reads: number;
  entriesRead: number;
  commits: number;
  changes: number;
}

function counted(space: KeyValueSpace, traffic: Traffic): KeyValueSpace {
  return {
    ...space,
    async read(request, options) {
      const result = await space.read(request, options);
      traffic.reads++;
      traffic.entriesRead += request.keys.length + result.ranges.reduce((sum, { length }) => sum + length, 0);
      return result;
    },
    async commit(changes, conditions, options) {
      traffic.commits++;
      traffic.changes += changes.length;
      return await space.commit(changes, conditions, options);
    },
  };
}

async function trafficOf(events: number, call: (store: Store) => Promise<unknown>): Promise<Traffic> {
  const traffic = { reads: 0, entriesRead: 0, commits: 0, changes: 0 };
  const clock = createManualClock();
  const space = counted(createMapSpace(createMapEntries(), clock), traffic);
  const store = createStore(createKeyValueDriver(space, { durability }));
  for (let index = 0; index < events; index++) await store.log.append(address, [message(`${index}`)]);
  // Undone messages at the end, which a read of the last effective ones must not step over.
  await store.log.append(address, [
    { type: "retraction", body: { ranges: [{ from: Math.floor(events / 2), to: events }], reason: "undo" } },
  ]);
  Object.assign(traffic, { reads: 0, entriesRead: 0, commits: 0, changes: 0 });
  clock.advance(1);
  await call(store);
  return traffic;
}

const calls: { readonly [name: string]: (store: Store) => Promise<unknown> } = {
  append: ({ log }) =>
    log.append(address, [message("one more")], { operation: { id: "o", fingerprint: "f" } }),
  "the last messages": ({ log }) =>
    log.read(address, { types: ["message"], direction: "backward", limit: 20 }),
  head: ({ log }) => log.head(address),
  "a document": ({ documents }) => documents.put({ ...address, namespace: ["n"], key: "k" }, { value: 1 }),
};

for (const [name, call] of Object.entries(calls)) {
  it(`costs as much in a long log as in a short one: ${name}`, async () => {
    const short = await trafficOf(60, call);
    expect(await trafficOf(600, call)).toEqual(short);
    expect(short.reads).toBeLessThanOrEqual(3);
    expect(short.commits).toBeLessThanOrEqual(1);
    // The event with its entries by type and by time, the operation twice, and the session in the list by last write and in
    // the feed, each in place of another.
    expect(short.changes).toBeLessThanOrEqual(10);
  });
}

it("costs what is retracted, however many retractions of a batch name it", async () => {
  const undo = { type: "retraction", body: { ranges: [{ from: 1, to: 150 }], reason: "undo" } } as const;
  const retracting = (count: number) =>
    trafficOf(300, ({ log }) =>
      log.append(
        address,
        Array.from({ length: count }, () => undo),
      ),
    );
  const [once, often] = [await retracting(1), await retracting(200)];
  expect(once.entriesRead).toBeGreaterThan(150);
  expect(often.entriesRead - once.entriesRead).toBeLessThan(100);
});
