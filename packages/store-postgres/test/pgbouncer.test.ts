import { allCases, describeConformance } from "@relevo/store-conformance";
import { requireService, startPgbouncer } from "@relevo/test-services";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPostgresStore } from "../src/index.ts";
import { handlesOf, timeoutMs } from "./harness.ts";
import { openPrivateDatabase } from "./server.ts";

const note = (text: string) => [{ type: "x-note", body: text }] as const;

/** One case in eight, of every area: each has passed without a pooler already. */
const sample = allCases.filter((_, index) => index % 8 === 0);

describe.skipIf(!requireService("pgbouncer", { for: "the store behind PgBouncer in transaction mode" }))(
  "behind PgBouncer in transaction mode",
  () => {
    let database: Awaited<ReturnType<typeof openPrivateDatabase>>;
    let pooler: Awaited<ReturnType<typeof startPgbouncer>>;
    let pool: pg.Pool;

    beforeAll(async () => {
      database = await openPrivateDatabase();
      // Twenty clients share two connections.
      pooler = await startPgbouncer({ url: database.url, poolSize: 2 });
      pool = new pg.Pool({ connectionString: pooler.url, max: 20 });
    });

    afterAll(async () => {
      await pool?.end();
      await pooler?.stop();
      await database?.[Symbol.asyncDispose]();
    });

    describeConformance(
      {
        name: "store-postgres behind PgBouncer",
        async open() {
          const options = { pool, preparedStatements: false, timeoutMs };
          return handlesOf(createPostgresStore(options), createPostgresStore(options));
        },
      },
      { cases: sample },
    );

    it("tenants that share connections never see each other", async () => {
      await using store = createPostgresStore({ pool, preparedStatements: false });
      const tenants = Array.from({ length: 12 }, (_, index) => `tenant-${index}`);
      await Promise.all(
        tenants.map(async (tenant) => {
          const address = { tenant, session: "shared" };
          for (let round = 1; round <= 25; round++) {
            const { version } = await store.log.append(address, note(`${tenant}:${round}`));
            expect(version).toBe(round);
            await store.documents.put({ tenant, namespace: ["n"], key: "k" }, { value: tenant });
            const { events } = await store.log.read(address, { limit: 100 });
            expect(events.map(({ body }) => body)).toEqual(
              Array.from({ length: round }, (_, index) => `${tenant}:${index + 1}`),
            );
            expect((await store.documents.get({ tenant, namespace: ["n"], key: "k" }))?.value).toBe(tenant);
            expect((await store.log.list(tenant)).items.map(({ session }) => session)).toEqual(["shared"]);
          }
        }),
      );
      // What a transaction has set is gone with it, on each of the shared connections.
      const left = await Promise.all(
        Array.from({ length: 10 }, () =>
          pool.query("select current_setting('relevo.tenant', true) as tenant from pg_sleep(0.02)"),
        ),
      );
      for (const { rows } of left) expect(rows[0].tenant || null).toBeNull();
    });

    it("a connection that the pooler's server lost is answered by a typed error, and the next call passes", async () => {
      await using store = createPostgresStore({ pool, preparedStatements: false });
      const address = { tenant: "lost", session: "s" };
      await store.log.append(address, note("one"));
      await database.server.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'relevo_test_app'",
      );
      const operation = { id: "two", fingerprint: "two" };
      await store.log.append(address, note("two"), { operation });
      expect((await store.log.read(address)).events.map(({ body }) => body)).toEqual(["one", "two"]);
    });

    it("a pooler without prepared statements is named, with what to do about it", async ({ skip }) => {
      const [major = 0, minor = 0] = pooler.version.split(".").map(Number);
      skip(major > 1 || minor >= 21, "this PgBouncer knows prepared statements");
      await using store = createPostgresStore({ pool });
      const failures: unknown[] = [];
      await Promise.all(
        Array.from({ length: 60 }, (_, index) =>
          store.log
            .append({ tenant: "prepared", session: `s-${index}` }, note("one"))
            .catch((error: unknown) => failures.push(error)),
        ),
      );
      expect(failures.length).toBeGreaterThan(0);
      for (const error of failures) {
        expect(error).toMatchObject({ code: "unavailable", outcome: "not-applied" });
        expect(String(error)).toContain("preparedStatements: false");
      }
    });
  },
);
