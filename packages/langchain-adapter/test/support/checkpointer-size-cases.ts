import { HumanMessage } from "@langchain/core/messages";
import type { DocumentStore, Store } from "@relevo/core";
import { expect, it } from "vitest";
import type { RelevoCheckpointer } from "../../src/langgraph/index.ts";
import {
  bind,
  channelOf,
  converse,
  metadata,
  newThread,
  nextCheckpoint,
  saverOn,
  threadConfig,
  watchDocuments,
} from "./checkpointer-support.ts";

/** What long lists cost, and that they are whole. */
export function checkpointerListCases(open: () => Store): void {
  it("a put writes what is new, however long the lists are", async () => {
    const watched = watchDocuments(open());
    const saver = saverOn(watched.store);
    const costs: number[] = [];
    const lists = {
      messages: (n: number): unknown => new HumanMessage(`Question ${n}`),
      entries: (n: number): unknown => ({ n, deep: { of: [n] } }),
      names: (n: number): unknown => `name ${n}`,
    };
    const makers = Object.entries(lists);
    let next = nextCheckpoint({ untouched: "x".repeat(50_000) });
    let config = await saver.put(threadConfig(newThread()), next.checkpoint, metadata, next.versions);
    let values: Record<string, unknown[]> = { messages: [], entries: [], names: [] };
    const put = async (by: RelevoCheckpointer, length: number): Promise<void> => {
      values = Object.fromEntries(
        makers.map(([name, make]) => {
          const list = values[name] ?? [];
          return [
            name,
            [...list, ...Array.from({ length: length - list.length }, (_, n) => make(list.length + n))],
          ];
        }),
      );
      next = nextCheckpoint(values, next.checkpoint);
      config = await by.put(config, next.checkpoint, metadata, next.versions);
    };
    for (const length of [10, 1000, 10_000]) {
      await put(saver, length);
      const { bytes, calls } = { ...watched.written };
      for (let n = 1; n <= 32; n++) await put(saver, length + n);
      expect(watched.written.calls - calls).toBe(32);
      costs.push((watched.written.bytes - bytes) / 32);
    }
    const [small = 0, middle = 0, large = 0] = costs;
    // The keys of the groups are what grows: 46 bytes for each 256 elements.
    expect(middle).toBeLessThan(small * 2);
    expect(large).toBeLessThan(middle + (3 * 46 * 10_000) / 256);
    // Another process writes no more, also one that has read nothing.
    for (const read of [true, false]) {
      const other = saverOn(watched.store);
      if (read) await other.getTuple(config);
      const { bytes } = { ...watched.written };
      await put(other, 10_034 + (read ? 0 : 2));
      expect(watched.written.bytes - bytes).toBeLessThan(large * 4);
    }
    expect(await channelOf(saverOn(watched.store), config, "messages")).toHaveLength(10_036);
  });

  it("a list that loses elements, or all of them, is what it is then", async () => {
    const store = open();
    const saver = saverOn(store);
    const { config, checkpoint, messages } = await converse(saver, newThread(), 300);
    let [at, last] = [config, checkpoint];
    const shorter = [
      messages.slice(0, 256),
      messages.slice(0, 100),
      messages.slice(1),
      messages.toSpliced(100, 1),
      [],
      messages.slice(290),
    ];
    for (const list of shorter) {
      const next = nextCheckpoint({ messages: list }, last);
      at = await saver.put(at, next.checkpoint, metadata, next.versions);
      last = next.checkpoint;
      for (const reader of [saver, saverOn(store)])
        expect(await channelOf(reader, at, "messages")).toEqual(list);
    }
  });
}

/** What does not fit into one call of a store. */
export function checkpointerLargeCases(open: () => Store): void {
  it("writes of a task that are too many for one call count together, or not at all", async () => {
    const store = open();
    const watched = watchDocuments(store);
    const saver = saverOn(watched.store);
    const config = await saver.put(threadConfig(newThread()), nextCheckpoint({ a: 1 }).checkpoint, metadata, {
      a: 1,
    });
    const writes = Array.from({ length: 1500 }, (_, n): [string, unknown] => ["sends", { n }]);
    let calls = 0;
    watched.fail = () => ++calls > 2;
    await expect(saver.putWrites(config, writes, "task")).rejects.toThrow("down");
    watched.fail = undefined;
    await saver.putWrites(config, [["a", 1]], "other");
    const pending = async (): Promise<unknown[]> =>
      (await saverOn(store).getTuple(config))?.pendingWrites?.map(([, , value]) => value) ?? [];
    expect(await pending()).toEqual([1]);
    await saver.putWrites(config, writes, "task");
    expect(await pending()).toEqual([1, ...writes.map(([, value]) => value)]);
  });

  it.each(["put", "putWrites"] as const)(
    "a large %s is whole when a pruning comes in between",
    async (method) => {
      const store = open();
      const thread = newThread();
      const { config, checkpoint } = await converse(saverOn(store), thread, 3);
      const large = Array.from({ length: 12 }, (_, n) => `${n}`.repeat(1_000_000));
      let calls = 0;
      const documents: DocumentStore = {
        ...bind(store.documents),
        async putMany(...given) {
          // What refers to the parts comes last.
          if (++calls === 2) await saverOn(store).pruneThread(thread);
          return await store.documents.putMany(...given);
        },
      };
      const saver = saverOn({ log: store.log, documents });
      const next = nextCheckpoint({ large: large.join() }, checkpoint);
      if (method === "put") await saver.put(config, next.checkpoint, metadata, next.versions);
      else
        await saver.putWrites(
          config,
          large.map((text) => ["large", text]),
          "task",
        );
      const found = await saverOn(store).getTuple(threadConfig(thread));
      expect(calls).toBeGreaterThan(2);
      if (method === "put") expect(found?.checkpoint.channel_values.large).toBe(large.join());
      else expect(found?.pendingWrites?.map(([, , value]) => value)).toEqual(large);
    },
  );

  it("values of any size come back", async () => {
    const store = open();
    const bytes = new Uint8Array(20_000_000).map((_, n) => (n * 31) % 251);
    const text = "größe ".repeat(1_500_000);
    const saver = saverOn(store);
    const { checkpoint, versions } = nextCheckpoint({ bytes, text });
    const config = await saver.put(threadConfig(newThread()), checkpoint, metadata, versions);
    await saver.putWrites(config, [["bytes", bytes]], "task");
    const found = await saverOn(store).getTuple(config);
    const { bytes: stored, text: written } = found?.checkpoint.channel_values ?? {};
    expect([Buffer.compare(stored as Uint8Array, bytes), written === text]).toEqual([0, true]);
    expect(Buffer.compare(found?.pendingWrites?.[0]?.[2] as Uint8Array, bytes)).toBe(0);
  });
}
