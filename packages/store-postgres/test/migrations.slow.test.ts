import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { PGlite } from "@electric-sql/pglite";
import { MemoryError, type TransferBatch } from "@relevo/core";
import {
  type PostgresDatabases,
  requireService,
  startPgbouncer,
  startPostgres,
  startPrivatePostgres,
} from "@relevo/test-services";
import { Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPostgresStore, migratePostgres } from "../src/index.ts";
import { migrationNames } from "../src/migrations/names.ts";
import { openPglite } from "./pglite.ts";
import { until } from "./until.ts";

const address = { tenant: "acme", session: "s-1" };
const note = { type: "x-note", body: 1 } as const;

async function failure(promise: Promise<unknown>): Promise<MemoryError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!MemoryError.isInstance(error)) throw new Error(`no MemoryError: ${String(error)}`);
  return error;
}

describe("migrations on PGlite", () => {
  let pglite: PGlite;
  beforeAll(async () => {
    pglite = await openPglite();
  });
  afterAll(() => pglite.close());

  it("are missed by a store, which says what to do", async () => {
    const error = await failure(createPostgresStore({ pglite }).log.head(address));
    expect([error.code, error.outcome]).toEqual(["unsupported", "not-applied"]);
    expect(error.message).toMatch(/migratePostgres/u);
  });

  it("are told by a dry run, which changes nothing", async () => {
    const dry = await migratePostgres({ pglite, dryRun: true });
    expect(dry.applied).toEqual([...migrationNames]);
    expect(dry.sql.join(";\n")).toContain('create table "relevo".events');
    const { rows } = await pglite.query("select from pg_namespace where nspname = 'relevo'");
    expect(rows).toEqual([]);
  });

  it("run once, also when two handles ask at one time", async () => {
    const results = await Promise.all([migratePostgres({ pglite }), migratePostgres({ pglite })]);
    expect(results.map(({ applied }) => applied.length).toSorted()).toEqual([0, migrationNames.length]);
    expect(await migratePostgres({ pglite })).toEqual({ applied: [], sql: [], applicationRoleReady: true });
    await createPostgresStore({ pglite }).log.append(address, [note]);
  });

  it("take schemas of any name, side by side, and refuse what would be cut off", async () => {
    const hostile = `My "schema"; drop table x; -- $body$ 'é'`;
    await migratePostgres({ pglite, schema: hostile });
    const other = createPostgresStore({ pglite, schema: hostile });
    expect(await other.log.head(address)).toBeUndefined();
    await other.log.append(address, [note, note]);
    await other.documents.put({ tenant: "acme", namespace: ["n"], key: "k" }, { value: 1, tags: ["t"] });
    expect((await other.documents.find({ tenant: "acme" }, { tags: { any: ["t"] } })).items).toHaveLength(1);
    expect((await other.log.head(address))?.version).toBe(2);
    expect((await createPostgresStore({ pglite }).log.head(address))?.version).toBe(1);
    for (const schema of ["", "x".repeat(64), "é".repeat(32), "nul\0", "pg_mine"]) {
      expect((await failure(migratePostgres({ pglite, schema }))).code).toBe("invalid-input");
      expect(() => createPostgresStore({ pglite, schema })).toThrow(/schema/u);
    }
  });

  it("refuse a schema of a newer package, and a store refuses one that is older or newer", async () => {
    await migratePostgres({ pglite, schema: "newer" });
    await pglite.query(
      "insert into newer.migrations values ('2999-01-01-later', '2999-01-01T00:00:00.000Z')",
    );
    expect((await failure(migratePostgres({ pglite, schema: "newer" }))).message).toMatch(/newer version/u);
    await migratePostgres({ pglite, schema: "older" });
    const { log } = createPostgresStore({ pglite, schema: "older" });
    await log.append(address, [note]);
    await log.seal(address);
    const copy = await log.exportEvents(address);
    await pglite.query("delete from older.migrations");
    await pglite.query(
      "insert into older.migrations values ('2000-01-01-before', '2000-01-01T00:00:00.000Z')",
    );
    const error = await failure(createPostgresStore({ pglite, schema: "older" }).log.head(address));
    expect(error.code).toBe("unsupported");
    expect(error.message).toMatch(/2000-01-01-before.*2026-11-26-search.*migratePostgres/u);
    const newer = createPostgresStore({ pglite, schema: "newer" });
    const place = { tenant: "acme", namespace: ["n"], key: "k" };
    const calls = [
      () => newer.log.append(address, [note]),
      () => newer.log.importEvents(address, copy as TransferBatch),
      () => newer.documents.put(place, { value: 1 }),
      () => newer.leases.acquire(address, { ttlMs: 1000 }),
      () => newer.maintenance.expire(),
      () => newer.log.read(address),
    ];
    for (const call of calls) {
      const refused = await failure(call());
      expect([refused.code, refused.outcome], refused.message).toEqual(["unsupported", "not-applied"]);
      expect(refused.message).toMatch(/2999-01-01-later.*Upgrade the package/u);
    }
    for (const table of ["tenants", "sessions", "events", "documents"]) {
      expect((await pglite.query(`select from newer.${table}`)).rows, table).toEqual([]);
    }
  });
});

describe.skipIf(!requireService("postgres", { for: "migrations on a server" }))(
  "migrations on a server",
  () => {
    let server: PostgresDatabases;
    beforeAll(async () => {
      server = await startPostgres();
    });
    afterAll(() => server?.stop());

    /** A process that waits for the word to migrate. */
    async function startMigrator(url: string): Promise<ChildProcess> {
      const child = fork(new URL("./remote/migrate-child.ts", import.meta.url), {
        env: { ...process.env, RELEVO_TEST_URL: url },
        execArgv: [],
      });
      await once(child, "message");
      return child;
    }

    async function migrateIn(child: ChildProcess): Promise<{ applied?: readonly string[]; error?: string }> {
      const answered = once(child, "message");
      child.send("go");
      const [answer] = await answered;
      return answer as { applied?: readonly string[]; error?: string };
    }

    it("run once when four processes migrate at one moment", async () => {
      const url = await server.createDatabase();
      const children = await Promise.all(Array.from({ length: 4 }, () => startMigrator(url)));
      const ended = children.map((child) => once(child, "exit"));
      const answers = await Promise.all(children.map(migrateIn));
      await Promise.all(ended);
      expect(answers.filter(({ error }) => error !== undefined)).toEqual([]);
      expect(answers.flatMap(({ applied = [] }) => applied)).toEqual([...migrationNames]);
      const pool = new pg.Pool({ connectionString: url, max: 1 });
      await createPostgresStore({ pool, rowLevelSecurity: "bypassed-on-purpose" }).log.append(address, [
        note,
      ]);
      await pool.end();
    });

    it("leave what was there before when their process is killed in the middle, and run again", async () => {
      const url = await server.createDatabase();
      const watcher = new pg.Pool({ connectionString: url, max: 2 });
      // Holds the migration up at a table that it is about to make: one of this name comes before it.
      const holder = await watcher.connect();
      await holder.query("create schema relevo");
      await holder.query("begin");
      await holder.query("create table relevo.documents ()");
      const child = await startMigrator(url);
      child.send("go");
      await until(async () => {
        const { rows } = await watcher.query(
          `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
         and query ~ 'create table .*documents'`,
        );
        return rows.length === 1;
      });
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
      await holder.query("rollback");
      holder.release();
      // The server notices by itself that nobody is there to commit.
      await until(async () => {
        const { rows } = await watcher.query(
          `select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
         and state <> 'idle'`,
        );
        return rows.length === 0;
      });
      const { rows } = await watcher.query(
        "select relname from pg_class where relnamespace = 'relevo'::regnamespace",
      );
      expect(rows.filter(({ relname }) => !relname.startsWith("migrations"))).toEqual([]);
      expect((await migratePostgres({ pool: watcher })).applied).toEqual([...migrationNames]);
      await createPostgresStore({ pool: watcher, rowLevelSecurity: "bypassed-on-purpose" }).log.append(
        address,
        [note],
      );
      await watcher.end();
    });

    it("say who has to run them when the role may not", async () => {
      const url = new URL(await server.createDatabase());
      await server.query(
        "do $$ begin create role relevo_test_reader login; exception when duplicate_object then null; end $$",
        url.href,
      );
      url.username = "relevo_test_reader";
      const pool = new pg.Pool({ connectionString: url.href, max: 1 });
      expect((await failure(migratePostgres({ pool }))).code).toBe("denied");
      await pool.end();
    });

    it("and a store take a Kysely of the caller, and a pool without prepared statements", async () => {
      const pool = new pg.Pool({ connectionString: await server.createDatabase(), max: 2 });
      const kysely = new Kysely({ dialect: new PostgresDialect({ pool }) });
      await migratePostgres({ kysely });
      const first = createPostgresStore({ kysely, rowLevelSecurity: "application-role" });
      const second = createPostgresStore({
        pool,
        preparedStatements: false,
        rowLevelSecurity: "bypassed-on-purpose",
      });
      await first.log.append(address, [note], { operation: { id: "o", fingerprint: "f" } });
      expect(
        (await second.log.append(address, [note], { operation: { id: "o", fingerprint: "f" } })).replayed,
      ).toBe(true);
      await second.documents.put({ tenant: "acme", namespace: ["n"], key: "k" }, { value: { a: 1 } });
      expect((await first.documents.find({ tenant: "acme" })).items).toHaveLength(1);
      const { rows } = await pool.query("select count(*)::integer as n from pg_prepared_statements");
      expect(rows).toEqual([{ n: 0 }]);
      await kysely.destroy();
    });
  },
);

describe.skipIf(!requireService("pgbouncer", { for: "migrations behind PgBouncer in transaction mode" }))(
  "migrations behind PgBouncer in transaction mode",
  () => {
    it("run once when several ask at one moment, and leave no lock, also when they fail", async () => {
      await using server = await startPrivatePostgres();
      const url = await server.createDatabase();
      await using pooler = await startPgbouncer({ url, poolSize: 3 });
      const pools = Array.from({ length: 4 }, () => new pg.Pool({ connectionString: pooler.url, max: 2 }));
      try {
        const [first] = pools as [pg.Pool];
        await first.query("create schema relevo; create table relevo.events ()");
        const failed = await Promise.allSettled(pools.map((pool) => migratePostgres({ pool })));
        expect(failed.map(({ status }) => status)).toEqual(Array(4).fill("rejected"));
        await first.query("drop table relevo.events");
        const results = await Promise.all(pools.map((pool) => migratePostgres({ pool })));
        expect(results.map(({ applied }) => applied.length).toSorted()).toEqual([
          0,
          0,
          0,
          migrationNames.length,
        ]);
        const { rows } = await first.query("select from pg_locks where locktype = 'advisory'");
        expect(rows).toEqual([]);
      } finally {
        await Promise.all(pools.map((pool) => pool.end()));
      }
    });
  },
);
