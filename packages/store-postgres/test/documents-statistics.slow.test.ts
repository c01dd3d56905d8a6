import type { PGlite } from "@electric-sql/pglite";
import type { DocumentStore, DocumentWrite, Store } from "@relevo/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPostgresStore, migratePostgres } from "../src/index.ts";
import { timeoutMs } from "./harness.ts";
import { openPglite } from "./pglite.ts";

const tenant = "new";
let pglite: PGlite;
let store: Store;
let documents: DocumentStore;

const address = (key: string): DocumentWrite["address"] => ({ tenant, namespace: ["n"], key });

async function everyCall(keys: readonly string[]): Promise<void> {
  const writes = keys.map(
    (key): DocumentWrite => ({ address: address(key), value: key, tags: ["all", key] }),
  );
  const stored = await documents.putMany(writes);
  await documents.putMany(
    stored.map(({ key, version }) => ({
      address: address(key),
      value: 2,
      tags: [key],
      expectedVersion: version,
    })),
  );
  for (const key of keys.slice(0, 3)) {
    const document = await documents.put(address(key), { value: 3, tags: ["all"] });
    expect(await documents.get(address(key))).toEqual(document);
    await documents.touch(address(key), { ttlMs: 60_000 });
    expect(await documents.delete(address(key), { expectedVersion: document.version })).toBe(true);
  }
  expect(await documents.getMany(keys.map(address))).toHaveLength(keys.length);
  expect(await documents.deleteMany(keys.slice(3).map((key) => ({ address: address(key) })))).toBe(
    keys.length - 3,
  );
}

/** Rows that all statements so far have fetched from the tables of documents, in functions too. */
async function fetched(): Promise<number> {
  await pglite.query("select pg_stat_force_next_flush()");
  const { rows } = await pglite.query<{ rows: number }>(
    `select sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::integer as rows from pg_stat_user_tables
     where relname in ('documents', 'document_tags', 'document_versions')`,
  );
  return rows[0]?.rows ?? Number.NaN;
}

beforeAll(async () => {
  pglite = await openPglite();
  await migratePostgres({ pglite });
  store = createPostgresStore({ pglite, timeoutMs });
  documents = store.documents;
});
afterAll(async () => {
  await store.close();
  await pglite.close();
});

// A server analyzes a table some minutes after it was filled, and PGlite never does.
describe("tables that were never analyzed", () => {
  it("cost what they cost when they were empty, also by plans that were made then", async () => {
    const few = Array.from({ length: 20 }, (_, index) => `few-${index}`);
    // Functions keep the plan of their sixth call.
    for (let round = 0; round < 8; round++) await everyCall(few);
    const start = await fetched();
    await everyCall(few);
    const before = (await fetched()) - start;
    for (let batch = 0; batch < 6; batch++) {
      await documents.putMany(
        Array.from({ length: 1000 }, (_, index) => ({
          address: address(`many-${batch}-${index}`),
          value: index,
          tags: ["all"],
        })),
      );
    }
    const filled = await fetched();
    await everyCall(few);
    const after = (await fetched()) - filled;
    expect(before).toBeGreaterThan(few.length);
    expect(after).toBeLessThan(before * 1.5);

    const first = await documents.find({ tenant }, { updatedSince: 1, limit: 10 });
    expect(first.items).toHaveLength(10);
    const looked = (await fetched()) - filled - after;
    // As many of the newest as one call sorts, and a page of what stands first.
    expect(looked).toBeLessThan(3000);
  });
});
