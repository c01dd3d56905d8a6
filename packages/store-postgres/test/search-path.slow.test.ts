import type { PGlite } from "@electric-sql/pglite";
import { MemoryError } from "@relevo/core";
import {
  type PostgresDatabases,
  requireService,
  startPostgres,
  startPrivatePostgres,
} from "@relevo/test-services";
import { Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createPostgresStore, migratePostgres, type PostgresStore } from "../src/index.ts";
import { migrationNames } from "../src/migrations/names.ts";
import { methodsOf, useEveryMethod } from "./every-method.ts";
import { openPglite } from "./pglite.ts";
import { openTestDatabase } from "./server.ts";
import { hitsQuery, hostilePath, shadowStatements, temporaryShadows } from "./shadows.ts";

/** Functions whose names are looked up under the path of whoever calls them. */
const unpinned = (schema: string): string => `select p.oid::regprocedure::text as name from pg_proc as p
  where p.pronamespace = '${schema}'::regnamespace and p.prosqlbody is null
    and not coalesce(p.proconfig @> array['search_path=pg_catalog, pg_temp'], false)`;

async function failure(promise: Promise<unknown>): Promise<MemoryError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!MemoryError.isInstance(error)) throw new Error(`no MemoryError: ${String(error)}`);
  return error;
}

describe("on PGlite", () => {
  let pglite: PGlite;
  beforeAll(async () => {
    pglite = await openPglite();
  });
  afterAll(() => pglite?.close());

  it("twins of PostgreSQL's functions, operators and types in every schema on the path are not called", async () => {
    await pglite.exec("create schema postgres");
    for (const statement of shadowStatements(["postgres", "public"])) await pglite.exec(statement);
    for (const statement of temporaryShadows()) await pglite.exec(statement);
    await pglite.exec(`set search_path = ${hostilePath}`);
    await migratePostgres({ pglite, dryRun: true });
    await migratePostgres({ pglite });
    const store = createPostgresStore({ pglite });
    expect(await useEveryMethod(store, "acme")).toEqual(methodsOf(store));
    await pglite.exec("set search_path = pg_catalog, pg_temp");
    expect((await pglite.query(hitsQuery)).rows).toEqual([{ hits: 0 }]);
    // They would have been: the same session falls for them.
    await pglite.exec(`set search_path = ${hostilePath}`);
    await expect(pglite.query("select lower('A'::text)")).rejects.toThrow(/shadowed: type text/u);
    await expect(pglite.query("select 1 + 1")).rejects.toThrow(/shadowed: \+ of integer and integer/u);
    await pglite.exec("set search_path = pg_catalog, pg_temp");
    expect((await pglite.query(hitsQuery)).rows).toEqual([{ hits: 2 }]);
  });

  it("all functions of the schema have a path of their own, or names that were resolved at their creation", async () => {
    await migratePostgres({ pglite });
    expect((await pglite.query(unpinned("relevo"))).rows).toEqual([]);
    // The check sees one that has not, whatever other settings it has.
    await pglite.exec(`create function relevo.forgotten() returns integer language sql as 'select 1';
      create function relevo.late() returns integer language sql set jit = off as 'select 1';
      create function relevo.wrong() returns integer language sql set search_path = public, pg_catalog, pg_temp
        as 'select 1';
      create function relevo.early() returns integer language sql return 1`);
    const found = (await pglite.query<{ name: string }>(unpinned("relevo"))).rows.map(({ name }) => name);
    expect(found.toSorted()).toEqual(["relevo.forgotten()", "relevo.late()", "relevo.wrong()"]);
  });
});

/** Whichever server is there, and each version that differs in who may create what: in 14 everybody, in `public`. */
const servers = [
  { name: "postgres", start: () => startPostgres() },
  { name: "postgres-14", start: () => startPrivatePostgres({ version: 14 }) },
  { name: "postgres-16", start: () => startPrivatePostgres({ version: 16 }) },
  { name: "postgres-17", start: () => startPrivatePostgres({ version: 17 }) },
  { name: "postgres-18", start: () => startPrivatePostgres({ version: 18 }) },
] as const;

for (const { name, start } of servers)
  describe.skipIf(!requireService(name, { for: "what is planted on the search path" }))(
    `on a server, ${name}`,
    () => {
      let server: PostgresDatabases;
      beforeAll(async () => {
        server = await start();
        await server.query(
          `do $$ begin create role relevo_test_mallory login; exception when duplicate_object then null; end $$`,
        );
      });
      afterAll(() => server?.stop());

      const pools: pg.Pool[] = [];
      afterEach(() => Promise.all(pools.splice(0).map((pool) => pool.end())));

      /** A pool of one connection, which the test need not end. */
      function poolOf(connectionString: string): pg.Pool {
        const pool = new pg.Pool({ connectionString, max: 1 });
        pools.push(pool);
        return pool;
      }

      it("twins, also those of the session itself, are not called by any client of the store", async () => {
        await using database = await openTestDatabase(server, { shadowed: true });
        const pool = poolOf(database.url);
        // Whoever shares the connection, as behind a pooler, may have left types behind that come before all others.
        for (const statement of temporaryShadows()) await pool.query(statement);
        const kysely = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
        const stores: readonly PostgresStore[] = [
          createPostgresStore({ pool }),
          createPostgresStore({ pool, preparedStatements: false }),
          createPostgresStore({ kysely }),
          createPostgresStore({ pool, rowLevelSecurity: "application-role" }),
        ];
        for (const [index, store] of stores.entries()) {
          expect(await useEveryMethod(store, `tenant-${index}`)).toEqual(methodsOf(store));
        }
        expect(await database.hits()).toBe(0);
        await expect(pool.query("select 'a'::text")).rejects.toThrow(/shadowed: type text/u);
      });

      it("whoever may create in public does not become superuser when a superuser migrates", async () => {
        const url = await server.createDatabase();
        await server.query("grant create on schema public to public", url);
        const mallory = new URL(url);
        mallory.username = "relevo_test_mallory";
        const attack = "execute 'alter role relevo_test_mallory superuser'";
        await server.query(
          `create function public.hashtextextended(text, integer) returns bigint language plpgsql as
         $$ begin ${attack}; return 1; end $$;
       create function public.concat_ws(text, text, bigint, bigint, bigint, text) returns text language plpgsql as
         $$ begin ${attack}; return ''; end $$`,
          mallory.href,
        );
        const pool = poolOf(url);
        await migratePostgres({ pool });
        const store = createPostgresStore({ pool, rowLevelSecurity: "bypassed-on-purpose" });
        await store.log.append({ tenant: "acme", session: "s" }, [{ type: "x-note", body: 1 }]);
        const { rows } = await pool.query(
          "select rolsuper from pg_roles where rolname = 'relevo_test_mallory'",
        );
        expect(rows).toEqual([{ rolsuper: false }]);
      });

      it.each([
        ["owns the schema", "create schema relevo authorization relevo_test_mallory"],
        ["may create objects", "create schema relevo; grant create on schema relevo to relevo_test_mallory"],
        ["may create objects", "create schema relevo; grant create on schema relevo to public"],
        [
          "owns the relation migrations",
          `create schema relevo; create table relevo.migrations (name varchar(255), timestamp varchar(255));
       alter table relevo.migrations owner to relevo_test_mallory`,
        ],
        [
          "owns the function retract",
          `create schema relevo; create function relevo.retract(text, text, bigint, bigint, text) returns void language sql as '';
       alter function relevo.retract owner to relevo_test_mallory`,
        ],
        [
          "owns the type note",
          "create schema relevo; create type relevo.note as enum (); alter type relevo.note owner to relevo_test_mallory",
        ],
      ])("a schema that another role could have prepared is refused: %s", async (what, preparation) => {
        const url = await server.createDatabase();
        await server.query(preparation, url);
        const pool = poolOf(url);
        for (const dryRun of [true, false]) {
          const error = await failure(migratePostgres({ pool, dryRun }));
          expect([error.code, error.outcome]).toEqual(["denied", "not-applied"]);
          expect(error.message).toContain(what);
          expect(error.message).toMatch(/relevo_test_mallory|PUBLIC/u);
        }
        const { rows } = await pool.query("select from pg_class where relname = 'sessions'");
        expect(rows).toEqual([]);
        // The same by hand: the script of a dry run of another database stops at its check.
        const other = poolOf(await server.createDatabase());
        const { sql } = await migratePostgres({ pool: other, dryRun: true });
        await expect(pool.query(sql.join(";\n"))).rejects.toThrow(what);
        await pool.query("rollback");
      });

      it("rights that default privileges give do not let others plant triggers", async () => {
        const url = await server.createDatabase();
        await server.query(
          `alter default privileges grant all on tables to relevo_test_mallory;
       alter default privileges grant trigger on tables to public`,
          url,
        );
        const pool = poolOf(url);
        await migratePostgres({ pool });
        const { rows } = await pool.query(
          `select c.relname, a.privilege_type from pg_class as c cross join lateral aclexplode(c.relacl) as a
         where c.relnamespace = 'relevo'::regnamespace and a.grantee <> c.relowner
           and a.privilege_type in ('TRIGGER', 'REFERENCES', 'TRUNCATE')`,
        );
        expect(rows).toEqual([]);
        // Whoever is given the right later stops the next migration by a superuser.
        await pool.query("grant trigger on relevo.migrations to relevo_test_mallory");
        const error = await failure(migratePostgres({ pool }));
        expect([error.code, error.outcome]).toEqual(["denied", "not-applied"]);
        expect(error.message).toContain("may create triggers on migrations");
      });

      it("a schema of a superuser in which the migrating role may create is not", async () => {
        const url = await server.createDatabase();
        await server.query(
          `do $$ begin create role relevo_test_maker login createrole; exception when duplicate_object then null; end $$;
       create schema relevo; grant create, usage on schema relevo to relevo_test_maker`,
          url,
        );
        const maker = new URL(url);
        maker.username = "relevo_test_maker";
        const pool = poolOf(maker.href);
        expect((await migratePostgres({ pool })).applied).toEqual([...migrationNames]);
        expect((await migratePostgres({ pool })).applied).toEqual([]);
      });
    },
  );
