import { MemoryError } from "@relevo/core";
import { type PostgresDatabases, requireService, startPostgres } from "@relevo/test-services";
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createPostgresStore, migratePostgres } from "../src/index.ts";
import { openTestDatabase } from "./server.ts";

const address = { tenant: "acme", session: "s-1" };

async function refusal(call: Promise<unknown>): Promise<MemoryError> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!MemoryError.isInstance(error)) throw new Error("the call was not refused", { cause: error });
  expect(error.outcome).toBe("not-applied");
  return error;
}

describe.skipIf(!requireService("postgres", { for: "the store under other settings of the server" }))(
  "under settings of a role, a database or a connection",
  () => {
    let server: PostgresDatabases;
    beforeAll(async () => {
      server = await startPostgres();
    });
    afterAll(() => server?.stop());

    const pools: pg.Pool[] = [];
    afterEach(() => Promise.all(pools.splice(0).map((pool) => pool.end())));

    function poolOf(connectionString: string, options?: string): pg.Pool {
      const pool = new pg.Pool({ connectionString, max: 1, ...(options === undefined ? {} : { options }) });
      pools.push(pool);
      return pool;
    }

    // In an array, `array_nulls` off makes the text NULL of a missing agent or role.
    it.each(["array_nulls", "row_security"])(
      "%s is refused when it is off, and the error says so",
      async (name) => {
        await using database = await openTestDatabase(server);
        const store = createPostgresStore({ pool: poolOf(database.url, `-c ${name}=off`) });
        const error = await refusal(store.log.append(address, [{ type: "x-note", body: 1 }]));
        expect(error.code).toBe("unsupported");
        expect(error.message).toContain(`alter role "relevo_test_app" reset ${name};`);
      },
    );

    it("where transactions only read by default, the error names the setting", async () => {
      await using database = await openTestDatabase(server);
      const store = createPostgresStore({
        pool: poolOf(database.url, "-c default_transaction_read_only=on"),
      });
      const error = await refusal(store.log.append(address, [{ type: "x-note", body: 1 }]));
      expect(error.message).toContain("default_transaction_read_only");
    });

    it("a database that cannot hold every text is refused before anything is made in it", async () => {
      const url = new URL(await server.createDatabase());
      const name = `${url.pathname.slice(1)}_latin`;
      await server.query(`create database "${name}" encoding 'LATIN1' template template0 locale 'C'`);
      url.pathname = `/${name}`;
      const pool = poolOf(url.href);
      const error = await refusal(migratePostgres({ pool }));
      expect([error.code, error.details]).toEqual(["unsupported", { encoding: "LATIN1" }]);
      expect(error.message).toContain("encoding 'UTF8'");
      const { rows } = await pool.query("select from pg_namespace where nspname = 'relevo'");
      expect(rows).toEqual([]);
      expect((await refusal(createPostgresStore({ pool }).log.head(address))).code).toBe("unsupported");
    });
  },
);
