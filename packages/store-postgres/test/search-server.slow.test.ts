import type { SearchChange, SearchIndex, SearchItem, SearchReading } from "@relevo/core";
import { createReferenceIndex, describeReading } from "@relevo/store-conformance";
import { requireService } from "@relevo/test-services";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPostgresStore } from "../src/index.ts";
import { openTestDatabase, type TestDatabase } from "./server.ts";

const words = ["plum", "tree", "well", "shed", "kettle", "puppy"];

function itemAt(position: number, seed: number): SearchItem {
  const chosen = words.filter((_, index) => (seed * 7 + position * 3 + index) % 3 === 0);
  return {
    position,
    terms: chosen.map((word, index) => [word, 1 + (index % 2), index % 2]),
    at: 1000 + position,
    marks: position % 5,
    speaker: `speaker ${(seed + position) % 3}`,
  };
}

function changeOf(session: number, after: number, count: number): SearchChange {
  return {
    stream: { kind: "session", session: `s${session}`, incarnation: "i" },
    revision: 0,
    after,
    through: after + count,
    items: Array.from({ length: count }, (_, index) => itemAt(after + index + 1, session)),
    language: session % 2 === 0 ? "en" : "es",
  };
}

const contents = (index: SearchIndex, tenant: string): Promise<object> =>
  index.read(tenant, { terms: words }, describeReading);

describe.skipIf(!requireService("postgres", { for: "the search index on a server" }))(
  "the search index on a server",
  () => {
    let database: TestDatabase;
    let pools: readonly pg.Pool[] = [];
    let indexes: readonly SearchIndex[] = [];

    beforeAll(async () => {
      database = await openTestDatabase();
      pools = [1, 2, 3].map(() => new pg.Pool({ connectionString: database.url, max: 6 }));
      indexes = pools.map((pool) => createPostgresStore({ pool, timeoutMs: 300_000 }).search);
    });
    afterAll(async () => {
      await Promise.all(pools.map((pool) => pool.end()));
      await database?.[Symbol.asyncDispose]();
    });

    it("many writers of a tenant, who repeat each other's changes, write what one would", async () => {
      const reference = createReferenceIndex();
      const changes = Array.from({ length: 60 }, (_, n) => changeOf(n % 12, 10 * Math.floor(n / 12), 10));
      for (const change of changes) await reference.write("busy", change);
      // Each by two of them, and readings in between, which keep what they have read.
      await Promise.all(
        [...changes, ...changes].map(async (change, n) => {
          const index = indexes[n % indexes.length] as SearchIndex;
          expect(await index.write("busy", change)).toBe(true);
          await contents(index, "busy");
        }),
      );
      const expected = await contents(reference, "busy");
      for (const index of indexes) {
        expect(await contents(index, "busy")).toEqual(expected);
        expect(await index.state("busy")).toEqual(await reference.state("busy"));
      }
      await Promise.all(
        [1, 3, 5, 1, 3, 5].map((session, n) => indexes[n % 3]?.remove("busy", { session: `s${session}` })),
      );
      for (const session of [1, 3, 5]) await reference.remove("busy", { session: `s${session}` });
      for (const index of indexes)
        expect(await contents(index, "busy")).toEqual(await contents(reference, "busy"));
    });

    it("what is kept of a tenant follows others who clear it and begin again", async () => {
      const [one, other] = indexes as [SearchIndex, SearchIndex];
      for (let round = 0; round < 4; round++) {
        const reference = createReferenceIndex();
        for (let session = 0; session <= round; session++) {
          await one.write("fresh", changeOf(session, 0, 5));
          await reference.write("fresh", changeOf(session, 0, 5));
        }
        const expected = await contents(reference, "fresh");
        for (let time = 0; time < 3; time++) {
          expect(await contents(one, "fresh")).toEqual(expected);
          expect(await contents(other, "fresh")).toEqual(expected);
        }
        await one.remove("fresh", { all: true });
        expect(await contents(other, "fresh")).toEqual(await contents(createReferenceIndex(), "fresh"));
      }
    });

    it("long terms that begin alike are apart, and any text is looked up", async () => {
      const [index] = indexes as [SearchIndex];
      const reference = createReferenceIndex();
      const long = ["x", "y"].map((end) => `${"é".repeat(3000)}${end}`);
      const astral = ["\u{1f600}abcd", "\uffeeabcd", "ab\u{10400}cde"];
      const change: SearchChange = {
        ...changeOf(1, 0, 0),
        through: 9,
        items: [...long, ...astral, "garden"].map((term, n) => ({
          ...itemAt(n + 1, 1),
          terms: [[term, 1, 0]],
        })),
      };
      for (const each of [index, reference]) await each.write("long", change);
      const terms = [...long, `${"é".repeat(3000)}z`, "\u{1f600}abcd", "nul\0", "\ud800"];
      const held = (reading: SearchReading): unknown => reading.postings.map((list) => list?.holders ?? 0);
      expect(await index.read("long", { terms }, held)).toEqual([1, 1, 0, 1, 0, 0]);
      const groups = [
        [`${"é".repeat(2999)}x`],
        ["é".repeat(6)],
        ["\u{1f601}abcd"],
        ["\uffefabcd"],
        ["ab\u{10401}cde"],
        ["gardn"],
        ["\0"],
        ["\ud800abcd", "\udc00"],
        ["x".repeat(100_000)],
        [""],
        [],
      ];
      expect(await index.lookup("long", groups)).toEqual(await reference.lookup("long", groups));
    });

    it("an address that no index entry holds is refused, and so is a damaged table", async () => {
      const [index, other] = indexes as [SearchIndex, SearchIndex];
      const namespace = Array.from({ length: 4 }, (_, n) => `${n}`.repeat(900));
      await expect(
        index.write("acme", { stream: { kind: "document", namespace, key: "k" }, revision: 1, items: [] }),
      ).rejects.toMatchObject({ code: "too-large", outcome: "not-applied" });
      await index.write("damaged", changeOf(1, 0, 5));
      const owner = new pg.Pool({ connectionString: database.ownerUrl, max: 1 });
      for (const facts of ["\\x00", "\\xff000000ffffffff", "substring(facts for 30)"]) {
        const value = facts.startsWith("sub") ? facts : `'${facts}'::bytea`;
        await owner.query(
          `update relevo.search_chunks set facts = ${value}, version = version + 1 where tenant = 'damaged'`,
        );
        await owner.query("update relevo.search_streams set version = version + 1 where tenant = 'damaged'");
        await owner.query("update relevo.search_tenants set version = version + 1 where tenant = 'damaged'");
        for (const each of [index, other])
          await expect(contents(each, "damaged")).rejects.toMatchObject({ code: "corrupt" });
      }
      await owner.end();
      // What the message says to do.
      expect(await index.remove("damaged", { all: true })).toBe(5);
      await index.write("damaged", changeOf(1, 0, 5));
      expect((await index.state("damaged")).items).toBe(5);
    });
  },
);
