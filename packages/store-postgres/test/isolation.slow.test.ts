import type { EventInput } from "@relevo/core";
import { type PostgresDatabases, requireService, startPostgres } from "@relevo/test-services";
import { Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPostgresStore, guardPool, migratePostgres, type PostgresStore } from "../src/index.ts";
import { timeoutMs } from "./harness.ts";
import { openTestDatabase } from "./server.ts";

const writers = 8;
const appends = 50;

/** Many writers of one session and of one document; every other one appends with an operation. */
async function write(stores: readonly PostgresStore[], session: string): Promise<void> {
  const address = { tenant: "acme", session };
  const place = { tenant: "acme", namespace: ["n"], key: session };
  const seqs = await Promise.all(
    Array.from({ length: writers }, async (_, writer) => {
      const { log, documents } = stores[writer % stores.length] as PostgresStore;
      const own: number[] = [];
      for (let index = 0; index < appends; index++) {
        const event: EventInput = { type: "x-note", body: `${writer}-${index}` };
        const operation =
          writer % 2 === 0 ? {} : { operation: { id: `${writer}-${index}`, fingerprint: "f" } };
        own.push((await log.append(address, [event], operation)).firstSeq);
        if (index % 10 === 0) await documents.put(place, { value: own, tags: [String(writer)] });
      }
      return own;
    }),
  );
  const all = seqs.flat().sort((a, b) => a - b);
  expect(all).toEqual(Array.from({ length: writers * appends }, (_, index) => index + 1));
  const { log } = stores[0] as PostgresStore;
  const { events } = await log.read(address, { limit: writers * appends });
  const expected = Array.from({ length: writers }, (_, w) =>
    Array.from({ length: appends }, (_, i) => `${w}-${i}`),
  );
  expect(events.map(({ body }) => body).sort()).toEqual(expected.flat().sort());
}

describe.skipIf(!requireService("postgres", { for: "stores under another default isolation" }))(
  "under another default isolation of transactions",
  () => {
    let server: PostgresDatabases;
    beforeAll(async () => {
      server = await startPostgres();
    });
    afterAll(() => server?.stop());

    it.each(["serializable", "repeatable read"])(
      "%s: no append of concurrent writers is lost, doubled or refused",
      async (isolation) => {
        await using database = await openTestDatabase(server);
        const set = `do $$ begin execute format('alter database %I set default_transaction_isolation = %L',
          current_database(), '${isolation}'); end $$`;
        // Connected before the default changes, and gets more connections after it.
        const earlier = new pg.Pool({ connectionString: database.url, max: 4 });
        const early = createPostgresStore({ pool: earlier, timeoutMs });
        await early.log.append({ tenant: "acme", session: "before" }, [{ type: "x-note", body: 1 }]);
        await server.query(set, database.ownerUrl);
        const pool = new pg.Pool({ connectionString: database.url, max: writers });
        const below = guardPool(new pg.Pool({ connectionString: database.url, max: 4 }));
        const kysely = new Kysely<unknown>({ dialect: new PostgresDialect({ pool: below }) });
        // A store lets the writers of a session wait for each other: one for each is as many processes.
        const each = (make: () => PostgresStore): readonly PostgresStore[] =>
          Array.from({ length: writers }, make);
        const ways: Record<string, readonly PostgresStore[]> = {
          pool: each(() => createPostgresStore({ pool, timeoutMs })),
          unprepared: each(() => createPostgresStore({ pool, timeoutMs, preparedStatements: false })),
          assumed: each(() => createPostgresStore({ pool, timeoutMs, rowLevelSecurity: "application-role" })),
          kysely: each(() => createPostgresStore({ kysely, timeoutMs })),
          early: [early, ...each(() => createPostgresStore({ pool: earlier, timeoutMs })).slice(1)],
        };
        for (const [session, stores] of Object.entries(ways)) await write(stores, session);
        expect((await pool.query("show default_transaction_isolation")).rows).toEqual([
          { default_transaction_isolation: isolation },
        ]);
        await Promise.all([earlier.end(), pool.end(), kysely.destroy()]);
      },
    );

    it("migrations at the same time find what the first has done", async () => {
      const url = await server.createDatabase();
      const pool = new pg.Pool({
        connectionString: url,
        options: "-c default_transaction_isolation=serializable",
      });
      const results = await Promise.all(Array.from({ length: 4 }, () => migratePostgres({ pool })));
      expect(results.filter(({ applied }) => applied.length > 0)).toHaveLength(1);
      await pool.end();
    });
  },
);
