import { MemoryError } from "@relevo/core";
import { requireService } from "@relevo/test-services";
import pg from "pg";
import { describe, expect, it } from "vitest";
import { exactNumber } from "../src/database/exact-number.ts";
import { createPostgresStore, migratePostgres, type PostgresStore } from "../src/index.ts";
import { openPglite } from "./pglite.ts";
import { openTestDatabase } from "./server.ts";

/** What a database or a role may have set, and what rounds each number with a fraction or an exponent hardest. */
const settings = [0, -15];

/** Versions and fences are times in microseconds: 16 digits. */
async function useNumbers(store: PostgresStore, tenant: string): Promise<void> {
  const address = { tenant, session: "s-1" };
  for (let round = 0; round < 12; round++) {
    const lease = await store.leases.acquire(address, { ttlMs: 10_000 });
    const renewed = await lease.renew();
    expect(renewed.fence).toBe(lease.fence);
    await store.log.append(address, [{ type: "x-note", body: round }], {
      fence: lease.fence,
      expectedVersion: round,
    });
    await lease.release();
    for (const scope of [{ tenant }, address]) {
      const at = { ...scope, namespace: ["n"], key: "k" };
      const written = await store.documents.put(at, { value: round });
      const read = await store.documents.get(at);
      expect(read).toEqual(written);
      const again = await store.documents.put(at, { value: -round }, { expectedVersion: written.version });
      expect(again.version).toBeGreaterThan(written.version);
      expect((await store.documents.find(scope)).items).toEqual([again]);
      expect(await store.documents.touch(at, { ttlMs: null })).toEqual(again);
      const error = await store.documents.put(at, { value: 0 }, { expectedVersion: written.version }).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(MemoryError.isInstance(error) && error.details).toMatchObject({ version: again.version });
    }
  }
  await store.log.erase(address, { seqs: [{ from: 11, to: 12 }] });
  const head = await store.log.head(address);
  expect([head?.version, head?.events]).toEqual([12, 12]);
  const { items } = await store.log.scan(tenant);
  expect(items.map(({ event }) => [event.seq, event.recordedAt > 1e12])).toEqual(
    Array.from({ length: 12 }, (_, index) => [index + 1, true]),
  );
  expect(await store.maintenance.tenantStatistics(tenant)).toMatchObject({ events: 12, documents: 2 });
  await store.log.seal(address);
  const batch = await store.log.exportEvents(address);
  if (batch === undefined) throw new Error("The session is gone.");
  const copy = { tenant: `${tenant}-copy`, session: "s-1" };
  expect((await store.log.importEvents(copy, batch)).version).toBe(12);
  // What is here already is compared by its numbers.
  expect((await store.log.importEvents(copy, batch)).version).toBe(12);
}

describe("versions, fences and times are exact", () => {
  it("also where the server rounds numbers, on PGlite", async () => {
    await using pglite = await openPglite();
    await migratePostgres({ pglite });
    for (const digits of settings) {
      await pglite.query(`set extra_float_digits = ${digits}`);
      await useNumbers(createPostgresStore({ pglite }), `tenant${digits}`);
    }
  });

  it.skipIf(!requireService("postgres", { for: "exact numbers on a server" }))(
    "also where the server rounds numbers, or the client has parsers of its own",
    async () => {
      await using database = await openTestDatabase();
      for (const digits of settings) {
        const pool = new pg.Pool({
          connectionString: database.url,
          max: 1,
          options: `-c extra_float_digits=${digits}`,
          // As an application sets them for its own queries.
          types: { getTypeParser: (oid) => (oid === 20 ? BigInt : pg.types.getTypeParser(oid)) },
        });
        try {
          await useNumbers(createPostgresStore({ pool }), `tenant${digits}`);
        } finally {
          await pool.end();
        }
      }
    },
  );

  it.each(["", "1.5", "9007199254740993", "x", "-9007199254740993"])(
    "a stored number that JavaScript cannot hold is corrupt: %j",
    (text) => {
      expect(() => exactNumber(text)).toThrow(/out of range/u);
    },
  );
});
