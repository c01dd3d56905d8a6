import { allPages, type ScannedEvent, type TransferBatch } from "@relevo/core";
import { compareUtf8 } from "@relevo/core/input";
import { describe, expect, it } from "vitest";
import { at, failure, open, says, seeded, tenant, undo } from "./support.ts";

describe.each([1, 2, 3])("scan agrees with a sort of all events, seed %i", (seed) => {
  it("with a clock that stands still and goes back", async () => {
    const random = seeded(seed);
    const below = (limit: number): number => Math.floor(random() * limit);
    const { store, clock } = open();
    const all: ScannedEvent[] = [];
    const names = ["a", "b", "\uff5e", "😀"];
    for (let turn = 0; turn < 200; turn++) {
      clock.advance(below(4) - 1);
      const name = names[below(4)] as string;
      await store.log.append(at(name), [says(`${turn}`, below(2) === 0 ? { agent: "writer" } : {})]);
      if (below(6) === 0) await store.log.append(at(name), [undo(1, 1)]);
    }
    for (const name of names) {
      const { events, incarnation = "" } = await store.log.read(at(name), { limit: 1000 });
      for (const event of events) all.push({ session: name, incarnation, event });
    }
    all.sort(
      (left, right) =>
        left.event.recordedAt - right.event.recordedAt ||
        compareUtf8(left.session, right.session) ||
        left.event.seq - right.event.seq,
    );
    const scanned = async (options: object): Promise<ScannedEvent[]> => {
      const found: ScannedEvent[] = [];
      const pages = allPages((cursor) => store.log.scan(tenant, { ...options, limit: 7, ...cursor }));
      for await (const one of pages) found.push(one);
      return found;
    };
    expect(await scanned({})).toEqual(all);
    expect(await scanned({ agent: "writer" })).toEqual(all.filter(({ event }) => event.agent === "writer"));
    const [since, until] = [clock.now() - 60, clock.now() - 20];
    const types = ["message"] as const;
    expect(await scanned({ types, since, until })).toEqual(
      all.filter(
        ({ event: { type, recordedAt } }) => type === "message" && recordedAt >= since && recordedAt < until,
      ),
    );
  });
});

describe("import", () => {
  async function exported(): Promise<{
    readonly batch: TransferBatch;
    readonly into: ReturnType<typeof open>;
  }> {
    const { store } = open();
    const operation = { id: "op", fingerprint: "f" };
    const system = { type: "message", body: { role: "system", content: "be kind" } } as const;
    await store.log.append(at("a"), [system, says("1"), says("2")], { operation, ttlMs: 1000 });
    const batch = await store.log.exportEvents(at("a"));
    if (batch === undefined) throw new Error("nothing was exported");
    return { batch, into: open() };
  }

  it("takes a batch that went through JSON, with the same bytes", async () => {
    const { batch, into } = await exported();
    const copy = await into.store.log.importEvents(
      at("b"),
      JSON.parse(JSON.stringify(batch)) as TransferBatch,
    );
    expect(copy).toMatchObject({ session: "b", sealed: true, version: 3, bytes: batch.head.bytes });
    expect((await into.store.log.read(at("b"), { pinned: true })).events.map(({ seq }) => seq)).toEqual([1]);
  });

  it("lets an erasure win on either side", async () => {
    const { batch, into } = await exported();
    const { log } = into.store;
    await log.importEvents(at("a"), batch);
    await log.erase(at("a"), { seqs: [{ from: 2, to: 2 }] });
    await log.importEvents(at("a"), batch);
    const ours = await log.read(at("a"));
    expect(ours.events.map(({ erasedAt }) => erasedAt !== undefined)).toEqual([false, true, false]);
    const third = batch.events[2];
    if (third === undefined) throw new Error("no third event");
    const { seq, type, recordedAt } = third;
    const blank = { seq, type, recordedAt, erasedAt: recordedAt + 1 };
    await log.importEvents(at("a"), { ...batch, events: [...batch.events.slice(0, 2), blank] });
    const both = await log.read(at("a"));
    expect(both.events.map(({ erasedAt }) => erasedAt !== undefined)).toEqual([false, true, true]);
  });

  it("lets a retraction that comes in a later batch take effect on an earlier one", async () => {
    const { store } = open();
    await store.log.append(at("a"), [says("1"), says("2")]);
    const early = await store.log.exportEvents(at("a"));
    await store.log.append(at("a"), [undo(2)]);
    const late = await store.log.exportEvents(at("a"), { after: 2 });
    const into = open().store.log;
    for (const batch of [early, late]) if (batch !== undefined) await into.importEvents(at("a"), batch);
    const events = await into.read(at("a"), { retracted: "include" });
    expect(events.events).toEqual((await store.log.read(at("a"), { retracted: "include" })).events);
  });

  it.each<[string, (batch: TransferBatch) => unknown]>([
    ["nothing", () => undefined],
    ["no head", ({ head: _, ...rest }) => rest],
    ["a gap inside", (batch) => ({ ...batch, events: [batch.events[0], batch.events[2]] })],
    ["a gap before", (batch) => ({ ...batch, events: batch.events.slice(1) })],
    ["events past its head", (batch) => ({ ...batch, head: { ...batch.head, version: 2 } })],
    [
      "a field that events do not have",
      (batch) => ({ ...batch, events: [{ ...batch.events[0], extra: 1 }] }),
    ],
    ["a body that is no message", (batch) => ({ ...batch, events: [{ ...batch.events[0], body: 7 }] })],
    ["a tombstone with content", (batch) => ({ ...batch, events: [{ ...batch.events[0], erasedAt: 1 }] })],
    [
      "an operation named twice",
      (batch) => ({ ...batch, operations: [...batch.operations, ...batch.operations] }),
    ],
    [
      "an operation of another incarnation",
      (batch) => ({ ...batch, head: { ...batch.head, incarnation: "another" } }),
    ],
    ["a retraction of itself", (batch) => ({ ...batch, events: [{ ...batch.events[0], retractedBy: 1 }] })],
  ])("refuses %s, and changes nothing", async (_, change) => {
    const { batch, into } = await exported();
    await failure(into.store.log.importEvents(at("a"), change(batch) as TransferBatch), "invalid-input");
    expect(await into.store.log.head(at("a"))).toBeUndefined();
    expect(into.store.stats()).toMatchObject({ sessions: 0, sessionBytes: 0 });
  });
});
