import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PGlite } from "@electric-sql/pglite";
import type { SearchChange, SearchIndex } from "@relevo/core";
import { requireService } from "@relevo/test-services";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPostgresStore, migratePostgres, openEmbedded, type PostgresStore } from "../src/index.ts";
import { createSearchSchema } from "../src/schema/create-schema.ts";
import { exactItems } from "../src/search/vectors.ts";
import { openPglite, openPgliteWithVectors } from "./pglite.ts";
import { openTestDatabase } from "./server.ts";

const dimensions = 32;
const clusters = 40;

/** Numbers from 0 to 1, the same for the same seed (the Park–Miller generator). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/** Vectors around centres, as those of texts lie. */
function vectorsOf(count: number, seed: number): readonly (readonly number[])[] {
  const random = randomNumbers(seed);
  const one = (spread: number): number[] =>
    Array.from({ length: dimensions }, () => spread * (random() + random() + random() - 1.5));
  const centres = Array.from({ length: clusters }, () => one(1));
  return Array.from({ length: count }, () => {
    const centre = centres[Math.floor(random() * clusters)] ?? [];
    return one(0.4).map((value, index) => value + (centre[index] ?? 0));
  });
}

function changeOf(session: number, vectors: readonly (readonly number[])[]): SearchChange {
  return {
    stream: { kind: "session", session: `s${session}`, incarnation: "i" },
    revision: 0,
    items: vectors.map((vector, index) => ({
      position: index + 1,
      terms: [["word", 1, 0]],
      at: index,
      marks: 0,
      vector,
    })),
  };
}

async function fill(index: SearchIndex, tenant: string, count: number, seed: number): Promise<void> {
  const vectors = vectorsOf(count, seed);
  for (let from = 0; from < count; from += 500)
    await index.write(tenant, changeOf(from, vectors.slice(from, from + 500)));
}

async function nearest(
  index: SearchIndex,
  tenant: string,
  vector: readonly number[],
  wanted: number,
  sessions?: readonly string[],
): Promise<readonly string[]> {
  const filter = sessions === undefined ? {} : { filter: { sessions } };
  return await index.read(tenant, { terms: [], vector, nearest: wanted, ...filter }, (reading) =>
    [...(reading.nearest?.items ?? [])].map((item) => JSON.stringify(reading.source(item))),
  );
}

/** Makes the function that reads anew, with another threshold. */
async function lowerExactItems(pglite: PGlite, items: number): Promise<void> {
  const [reading] = createSearchSchema('"relevo"').filter((statement) =>
    statement.includes('function "relevo".read_search('),
  );
  const lowered = reading?.replace("create function", "create or replace function");
  expect(lowered).toContain(`known.items > ${exactItems}`);
  await pglite.exec(lowered?.replace(`known.items > ${exactItems}`, `known.items > ${items}`) ?? "");
}

describe("vectors in the index on PostgreSQL", () => {
  let pglite: PGlite;
  let store: PostgresStore;

  beforeAll(async () => {
    pglite = await openPgliteWithVectors();
    await migratePostgres({ pglite });
    store = createPostgresStore({ pglite, timeoutMs: 300_000 });
  });
  afterAll(async () => {
    await store?.close();
    await pglite?.close();
  });

  it("of a large tenant are found by an HNSW index, nearly all, also where few rows are the tenant's", async () => {
    const { search } = store;
    // Small enough for a test: the index serves tenants from 150 items on.
    await lowerExactItems(pglite, 150);
    const counts = { large: 14_000, tenth: 1600, hundredth: 160 };
    for (const [tenant, count] of Object.entries(counts)) await fill(search, tenant, count, count);
    const questions = vectorsOf(12, 7);
    const exact = new Map<string, readonly string[]>();
    for (const tenant of Object.keys(counts))
      for (const [index, vector] of questions.entries())
        exact.set(`${tenant} ${index}`, await nearest(search, tenant, vector, 100));

    const { applied } = await migratePostgres({ pglite, vectorDimensions: dimensions });
    expect(applied).toEqual([`search-vectors-${dimensions}`]);
    expect((await migratePostgres({ pglite, vectorDimensions: dimensions })).applied).toEqual([]);
    const used = async (): Promise<number> => {
      await pglite.query("select pg_stat_force_next_flush()");
      const { rows } = await pglite.query<{ scans: number }>(
        `select idx_scan::integer as scans from pg_stat_user_indexes where indexrelname = 'search_vectors_${dimensions}'`,
      );
      return rows[0]?.scans ?? -1;
    };
    for (const tenant of Object.keys(counts)) {
      let found = 0;
      for (const [index, vector] of questions.entries()) {
        const expected = new Set(exact.get(`${tenant} ${index}`));
        const near = await nearest(search, tenant, vector, 100);
        expect(near).toHaveLength(100);
        found += near.filter((one) => expected.has(one)).length;
      }
      expect(found / (100 * questions.length), tenant).toBeGreaterThanOrEqual(0.95);
    }
    expect(await used()).toBeGreaterThanOrEqual(3 * questions.length);

    // A filter by session leaves few, of which all are compared.
    const [vector = []] = questions;
    const near = await nearest(search, "large", vector, 100, ["s500"]);
    expect(near).toHaveLength(100);
    expect(new Set(near.map((one) => JSON.parse(one).session))).toEqual(new Set(["s500"]));
  });

  it("go with their items, whatever removes these", async () => {
    const { search } = store;
    await search.write("gone", changeOf(1, vectorsOf(4, 3)));
    await search.write("gone", changeOf(2, vectorsOf(4, 4)));
    const left = async (): Promise<unknown> =>
      (await pglite.query("select count(*)::integer as n from relevo.search_vectors where tenant = 'gone'"))
        .rows;
    await search.write("gone", { ...changeOf(1, []), after: 1, through: 2 });
    expect(await left()).toEqual([{ n: 7 }]);
    await search.remove("gone", { session: "s1" });
    expect(await left()).toEqual([{ n: 4 }]);
    await search.remove("gone", { all: true });
    expect(await left()).toEqual([{ n: 0 }]);
  });

  it("of another tenant are not seen, as no row is", async () => {
    await store.search.write("mine", changeOf(1, vectorsOf(3, 9)));
    await pglite.transaction(async (run) => {
      await run.query(
        "select set_config('role', 'relevo_app', true), set_config('relevo.tenant', 'other', true)",
      );
      expect((await run.query("select from relevo.search_vectors")).rows).toEqual([]);
    });
    expect(await nearest(store.search, "other", vectorsOf(1, 1)[0] ?? [], 5)).toEqual([]);
  });
});

describe("without pgvector", () => {
  it("changes and readings with vectors are refused with what to do, and an index for them too", async () => {
    const pglite = await openPglite();
    await migratePostgres({ pglite });
    const { search } = createPostgresStore({ pglite });
    const refusal = {
      code: "unsupported",
      outcome: "not-applied",
      details: { run: ["create extension vector"] },
    };
    await expect(search.write("acme", changeOf(1, [[1, 2]]))).rejects.toMatchObject(refusal);
    await expect(search.read("acme", { terms: [], vector: [1, 2] }, () => 0)).rejects.toMatchObject(refusal);
    await expect(migratePostgres({ pglite, vectorDimensions: 2 })).rejects.toMatchObject({
      code: "unsupported",
      details: { run: ["create extension vector"] },
    });
    await expect(migratePostgres({ pglite, vectorDimensions: 2001 })).rejects.toMatchObject({
      code: "invalid-input",
    });
    // The rest works.
    const [item] = changeOf(1, [[1]]).items;
    if (item === undefined) throw new Error("There is no item.");
    const { vector: _, ...plain } = item;
    expect(await search.write("acme", { ...changeOf(1, []), items: [plain] })).toBe(true);
    expect((await search.state("acme")).items).toBe(1);
    await pglite.close();
  });

  it("they are added by the migration after it was installed", async () => {
    const pglite = await openPgliteWithVectors();
    await pglite.exec("drop extension vector");
    await migratePostgres({ pglite });
    const { search } = createPostgresStore({ pglite });
    await expect(search.write("acme", changeOf(1, [[1, 2]]))).rejects.toMatchObject({ code: "unsupported" });
    await pglite.exec("create extension vector");
    const { applied, applicationRoleReady } = await migratePostgres({ pglite });
    expect({ applied, applicationRoleReady }).toEqual({
      applied: ["search-vectors"],
      applicationRoleReady: true,
    });
    expect(await search.write("acme", changeOf(1, [[1, 2]]))).toBe(true);
    await pglite.close();
  });
});

describe("an embedded database", () => {
  it("has vectors when it is opened with them, also one that was made without", async () => {
    const folder = await mkdtemp(join(tmpdir(), "relevo-vectors-"));
    for (const [vectors, session] of [
      [false, 1],
      [true, 2],
      [true, 3],
    ] as const) {
      await using store = await openEmbedded(folder, { vectors });
      const written = store.search.write("acme", changeOf(session, [[session, 1]]));
      if (vectors) expect(await written).toBe(true);
      else await expect(written).rejects.toMatchObject({ code: "unsupported" });
      if (vectors) expect(await nearest(store.search, "acme", [1, 1], 5)).toHaveLength(session - 1);
    }
    await rm(folder, { recursive: true });
  });
});

describe.skipIf(!requireService("postgres", { for: "the search index and strangers" }))("on a server", () => {
  it("nothing of the index is open to a role that is not the application's", async () => {
    await using database = await openTestDatabase();
    await database.server.query("create role stranger login password 'x'", database.ownerUrl);
    const url = new URL(database.ownerUrl);
    url.username = "stranger";
    url.password = "x";
    const pool = new pg.Pool({ connectionString: url.href, max: 1 });
    for (const statement of [
      "select relevo.read_search_state('acme')",
      "select relevo.clear_search('acme', '1000')",
      "table relevo.search_terms",
    ])
      await expect(pool.query(statement)).rejects.toMatchObject({ code: "42501" });
    await pool.end();
  });
});
