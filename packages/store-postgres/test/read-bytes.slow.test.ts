import type { EventInput } from "@relevo/core";
import { requireService } from "@relevo/test-services";
import pg from "pg";
import { beforeAll, describe, expect, it } from "vitest";
import { createPostgresStore, type PostgresStore } from "../src/index.ts";
import { pageBytes } from "../src/schema/bounds.ts";
import { openTestDatabase } from "./server.ts";

const available = requireService("postgres", { for: "pages of big events and documents" });
const address = { tenant: "acme", session: "s-1" };
const eventBytes = 6_000_000;
const events = 14;

function big(index: number): EventInput {
  return { type: "x-note", agent: index % 2 === 0 ? "even" : "odd", body: `${index}`.repeat(eventBytes) };
}

describe.skipIf(!available)("pages of what is big", () => {
  let store: PostgresStore;

  beforeAll(async () => {
    const database = await openTestDatabase();
    const pool = new pg.Pool({ connectionString: database.url, max: 1 });
    store = createPostgresStore({ pool });
    // By single digits, so that all are of one size.
    for (let index = 0; index < events; index++) await store.log.append(address, [big(index % 10)]);
    return async () => {
      await store.close();
      await pool.end();
      await database[Symbol.asyncDispose]();
    };
  });

  const reads = [
    { direction: "forward" },
    { direction: "backward" },
    { direction: "forward", agent: "odd" },
    { direction: "backward", retracted: "include" },
    { direction: "forward", pinned: false },
  ] as const;
  it.each(reads)("%o: each ends by its bytes and says where to go on", async (options) => {
    const seqs: number[] = [];
    let pages = 0;
    let edge: number | undefined;
    do {
      const from =
        edge === undefined ? {} : options.direction === "forward" ? { after: edge } : { before: edge };
      const page = await store.log.read(address, { ...options, ...from, limit: 1000 });
      const bytes = page.events.reduce((sum, event) => sum + JSON.stringify(event.body).length, 0);
      expect(page.events.length).toBeGreaterThan(0);
      expect(bytes).toBeLessThanOrEqual(pageBytes);
      seqs.push(...page.events.map((event) => event.seq));
      pages++;
      edge = page.next;
    } while (edge !== undefined);
    const all = Array.from({ length: events }, (_, index) => index + 1);
    const wanted = "agent" in options ? all.filter((seq) => seq % 2 === 0) : all;
    expect(seqs).toEqual(options.direction === "forward" ? wanted : wanted.toReversed());
    expect(pages).toBe(Math.ceil(wanted.length / Math.floor(pageBytes / eventBytes)));
  });

  it("gives as many as were asked for where they are few", async () => {
    const page = await store.log.read(address, { limit: 2 });
    expect(page.events.map((event) => event.seq)).toEqual([1, 2]);
    expect(page.next).toBe(2);
    const last = await store.log.read(address, { after: events - 2, limit: 2 });
    expect(last.events.map((event) => event.seq)).toEqual([events - 1, events]);
    expect(last.next).toBeUndefined();
  });

  it("a find gives documents the same way", async () => {
    const { documents } = store;
    const value = "x".repeat(eventBytes);
    for (let index = 0; index < 8; index++) {
      await documents.put({ tenant: "acme", namespace: ["big"], key: `k${index}` }, { value, tags: ["t"] });
    }
    for (const query of [{}, { tags: { any: ["t"] } }, { direction: "backward" as const }]) {
      const keys: string[] = [];
      const sizes: number[] = [];
      let cursor: string | undefined;
      do {
        const options = {
          namespace: ["big"],
          limit: 1000,
          ...query,
          ...(cursor === undefined ? {} : { cursor }),
        };
        const page = await documents.find({ tenant: "acme" }, options);
        sizes.push(page.items.length);
        keys.push(...page.items.map(({ key }) => key));
        cursor = page.cursor;
      } while (cursor !== undefined);
      const all = Array.from({ length: 8 }, (_, index) => `k${index}`);
      expect(keys).toEqual("direction" in query ? all.toReversed() : all);
      expect(sizes).toEqual([5, 3]);
    }
  });
});
