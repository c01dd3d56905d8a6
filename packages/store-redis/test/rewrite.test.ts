import { type EventInput, readAll, type SeqRange, type StoredEvent } from "@relevo/core";
import { requireService } from "@relevo/test-services";
import { describe, expect, it } from "vitest";
import { createKeys } from "../src/keys.ts";
import { type DocumentsFixture, useDocuments } from "./documents-support.ts";

const address = { tenant: "acme", session: "s" };
const count = 3000;
/** Two ranges, which begin and end in the middle of what is read at a time. */
const ranges: readonly SeqRange[] = [
  { from: 150, to: 1234 },
  { from: 1999, to: 2900 },
];
const isAsked = (seq: number): boolean => ranges.some(({ from, to }) => seq >= from && seq <= to);

/** Messages, pinned ones among them, and notes that no retraction touches; `body` says the seq. */
function inputOf(seq: number): EventInput {
  if (seq % 3 === 0) return { type: "x-note", body: `${seq}`, agent: `agent ${seq % 5}` };
  const message = { type: "message" as const, body: { role: "user" as const, content: `${seq}` } };
  return { ...message, ...(seq % 7 === 0 ? { pinned: true } : {}), agent: `agent ${seq % 5}` };
}

const textOf = ({ body }: StoredEvent): unknown =>
  typeof body === "object" && body !== null && "content" in body ? body.content : body;

async function fill({ store }: DocumentsFixture): Promise<void> {
  for (let from = 1; from <= count; from += 1000)
    await store.log.append(
      address,
      Array.from({ length: 1000 }, (_, index) => inputOf(from + index)),
    );
}

async function allOf({ store }: DocumentsFixture): Promise<readonly StoredEvent[]> {
  const events: StoredEvent[] = [];
  for await (const page of readAll(store.log, address, { retracted: "include" })) events.push(...page);
  return events;
}

/** The columns say of each event what the event says of itself: filters by them find what is there. */
async function expectColumns(fixture: DocumentsFixture, events: readonly StoredEvent[]): Promise<void> {
  const { columns, log } = createKeys(fixture.prefix).session(address.tenant, address.session);
  expect(await fixture.raw("STRLEN", columns)).toBe(events.length * 2);
  const cells = String(await fixture.raw("GET", columns));
  const elements = (await fixture.raw("LRANGE", log, "0", "-2")) as string[];
  const flags = elements.map((element) => element.split(":")[2]);
  expect(flags).toEqual(events.map((_, index) => cells[index * 2]));
}

describe.skipIf(!requireService("redis", { for: "big rewrites in store-redis" }))(
  "a log that is written anew",
  () => {
    const open = useDocuments();

    it("by a big retraction has the marks where they belong, and all else as it was", async () => {
      const fixture = open();
      await fill(fixture);
      const before = await allOf(fixture);
      // One that was retracted before keeps its first mark.
      await fixture.store.log.append(address, [
        { type: "retraction", body: { ranges: [{ from: 400, to: 400 }], reason: "one" } },
      ]);
      // In no order, and some named twice.
      const asked = [...ranges.toReversed(), { from: 1000, to: 1100 }];
      const { calls } = await fixture.costOf(() =>
        fixture.store.log.append(address, [{ type: "retraction", body: { ranges: asked, reason: "many" } }]),
      );
      expect(calls.get("lset") ?? 0).toBeLessThan(5);
      const after = await allOf(fixture);
      for (const [index, event] of before.entries()) {
        const isRetracted = event.type === "message" && isAsked(event.seq);
        const by = event.seq === 400 ? count + 1 : count + 2;
        expect(after[index]).toEqual(isRetracted ? { ...event, retractedBy: by } : event);
      }
      expect(after).toHaveLength(count + 2);
      await expectColumns(fixture, after);
    });

    it("by many retractions of the same events is read once", async () => {
      const fixture = open();
      await fill(fixture);
      const undo = (from: number, to: number): EventInput => ({
        type: "retraction",
        body: { ranges: [{ from, to }], reason: "undo" },
      });
      // Each names half of what the others name, in no order.
      const retractions = Array.from({ length: 300 }, (_, index) =>
        undo(1 + ((index * 7) % 1500), 1500 + index),
      );
      const { calls } = await fixture.costOf(() => fixture.store.log.append(address, retractions));
      expect(calls.get("lrange") ?? 0).toBeLessThan(320);
      const effective = (await allOf(fixture)).filter(({ retractedBy }) => retractedBy === undefined);
      const messages = effective.filter(({ type }) => type === "message").map(({ seq }) => seq);
      expect(messages[0]).toBe(1801);
      await expectColumns(fixture, await allOf(fixture));
    });

    it("by a big erasure has tombstones where they belong, and counts what is left", async () => {
      const fixture = open();
      await fill(fixture);
      const before = await allOf(fixture);
      const head = await fixture.store.log.head(address);
      // One that is blank already is named once.
      await fixture.store.log.erase(address, { seqs: [{ from: 160, to: 160 }] });
      const { erased } = await fixture.store.log.erase(address, { seqs: ranges });
      expect(erased).toEqual(before.map(({ seq }) => seq).filter(isAsked));
      const after = await allOf(fixture);
      expect(after.map(({ erasedAt }) => erasedAt !== undefined)).toEqual(
        before.map(({ seq }) => isAsked(seq)),
      );
      const left = after.filter(({ seq }) => !isAsked(seq));
      expect(left.map(textOf)).toEqual(left.map(({ seq }) => `${seq}`));
      await expectColumns(fixture, after);
      // What is left can be trimmed to nothing, in bytes too.
      expect((await fixture.store.log.head(address))?.bytes).toBeLessThan(head?.bytes ?? 0);
      expect(await fixture.store.log.trim(address, { beforeSeq: count + 1 })).toMatchObject({
        removed: count,
      });
      expect(await fixture.store.log.head(address)).toMatchObject({ bytes: 0, events: 0, version: count });
    });

    it("is trimmed some at a time, by number and by bytes", async () => {
      const fixture = open();
      const { log } = fixture.store;
      await fill(fixture);
      await fill(fixture);
      expect(await log.trim(address, { beforeSeq: 1 })).toMatchObject({
        removed: 0,
        firstSeq: 1,
        more: false,
      });
      expect(await log.trim(address, { olderThan: Date.now() + 60_000 })).toMatchObject({
        removed: 5000,
        firstSeq: 5001,
        more: true,
      });
      const rest = { removed: 999, firstSeq: 6000, more: false };
      expect(await log.trim(address, { beforeSeq: 6000 })).toMatchObject(rest);
      expect(await log.trim(address, { beforeSeq: 6000 })).toMatchObject({ ...rest, removed: 0 });
      expect((await log.read(address)).events.map(textOf)).toEqual([`${count}`]);
      const big = "x".repeat(4 * 1024 * 1024);
      for (let index = 0; index < 6; index++) await log.append(address, [{ type: "x-note", body: big }]);
      const part = await log.trim(address, { beforeSeq: 7000 });
      expect(part).toMatchObject({ removed: 5, firstSeq: 6005, more: true });
      expect(await log.trim(address, { beforeSeq: 7000 })).toMatchObject({
        removed: 2,
        firstSeq: 6007,
        more: false,
      });
      expect(await log.head(address)).toMatchObject({ bytes: 0, events: 0, version: 6006 });
    });
  },
);
