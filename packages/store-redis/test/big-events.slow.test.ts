import type { ReadResult } from "@relevo/core";
import { requireService } from "@relevo/test-services";
import { describe, expect, it } from "vitest";
import { type DocumentsFixture, useDocuments } from "./documents-support.ts";

const megabyte = 1024 * 1024;
const address = { tenant: "acme", session: "s" };
/** What one answer of the server has at most: the bound, what reaches beyond it, and the rest of the answer. */
const mostSent = (16 + 2 + 1) * megabyte;
const count = 20;
const all = Array.from({ length: count }, (_, index) => index + 1);

async function fill({ store }: DocumentsFixture): Promise<void> {
  for (const index of all)
    await store.log.append(address, [{ type: "x-note", body: `${index}`.padEnd(2 * megabyte, "x") }], {
      operation: { id: `${index}`, fingerprint: "x" },
    });
}

describe.skipIf(!requireService("redis", { for: "big events in store-redis" }))("big events", () => {
  const open = useDocuments();

  it("are read a page at a time, none twice, and only those that are asked for", async () => {
    const fixture = open();
    await fill(fixture);
    const { store, costOf } = fixture;
    // Ten of them would be more than the bound; the second time it is known how big they are.
    for (const direction of ["forward", "backward", "backward"] as const) {
      const seqs: number[] = [];
      for (let next: number | undefined; ; ) {
        const position =
          next === undefined ? {} : direction === "forward" ? { after: next } : { before: next };
        const pages: ReadResult[] = [];
        const { sent } = await costOf(async () => {
          pages.push(await store.log.read(address, { limit: 10, direction, ...position }));
        });
        expect(sent).toBeLessThan(mostSent);
        const [page] = pages;
        seqs.push(...(page?.events ?? []).map(({ seq }) => seq));
        next = page?.next;
        if (next === undefined) break;
        expect(page?.events).toHaveLength(8);
      }
      expect(seqs).toEqual(direction === "forward" ? all : all.toReversed());
    }
    await store.log.append(address, [{ type: "message", body: { role: "user", content: "small" } }]);
    const found: number[] = [];
    const { sent } = await costOf(async () => {
      const { events } = await store.log.read(address, { types: ["message"] });
      found.push(...events.map(({ seq }) => seq));
    });
    expect(found).toEqual([count + 1]);
    expect(sent).toBeLessThan(megabyte);
  });

  it("are exported a part at a time, each small enough to be imported, with all operations once", async () => {
    const [source, target] = [open(), open()];
    await fill(source);
    await source.store.log.seal(address);
    const parts: string[][] = [];
    const { calls } = await source.costOf(async () => {
      for (let after = 0; after < count; ) {
        const batch = await source.store.log.exportEvents(address, { after, limit: 1000 });
        if (batch === undefined) throw new Error("There is no such session.");
        after = batch.events.at(-1)?.seq ?? 0;
        parts.push(batch.operations.map(({ id }) => id));
        await target.store.log.importEvents(address, batch);
        // What is here already is looked at in parts, too.
        await target.store.log.importEvents(address, batch);
      }
    });
    expect(parts.length).toBe(3);
    expect(parts.flat()).toEqual(all.map(String));
    // Both generations, once.
    expect(calls.get("hgetall")).toBe(2);
    expect((await target.store.log.head(address))?.version).toBe(count);
  });
});

describe.skipIf(!requireService("redis", { for: "big documents in store-redis" }))("big documents", () => {
  const open = useDocuments();

  it("are found a page at a time", async () => {
    const { store, costOf } = open();
    for (let index = 0; index < count; index++)
      await store.documents.put(
        { tenant: "acme", namespace: ["n"], key: String(index).padStart(2, "0") },
        { value: "x".repeat(2 * megabyte) },
      );
    const found: string[] = [];
    for (let cursor: string | undefined, pages = 1; ; pages++) {
      const { sent } = await costOf(async () => {
        const options = { limit: 1000, ...(cursor === undefined ? {} : { cursor }) };
        const page = await store.documents.find({ tenant: "acme" }, options);
        found.push(...page.items.map(({ key }) => key));
        cursor = page.cursor;
      });
      expect(sent).toBeLessThan(mostSent);
      if (cursor === undefined) {
        expect(pages).toBeLessThanOrEqual(4);
        break;
      }
    }
    expect(found).toEqual(Array.from({ length: count }, (_, index) => String(index).padStart(2, "0")));
  });
});
