import type { PGlite } from "@electric-sql/pglite";
import { requireService } from "@relevo/test-services";
import pg from "pg";
import {
  createPostgresStore,
  migratePostgres,
  type PostgresClient,
  type PostgresPool,
  type PostgresStore,
} from "../src/index.ts";
import { openPglite } from "./pglite.ts";
import { openTestDatabase } from "./server.ts";

/**
 * What calls have touched, also within functions: whole-table scans, rows fetched by index or by scan, and pages of
 * tables and indexes, which also show entries of an index that were gone through without fetching their rows.
 */
export interface Cost {
  scans: number;
  rows: number;
  pages: number;
}

/** A store under row-level security whose transactions are watched by PostgreSQL's own counts. */
export interface Watched extends AsyncDisposable {
  readonly store: PostgresStore;
  readonly cost: Cost;
  /** How statements are planned from now on: `force_custom_plan`, `force_generic_plan`, `auto`. */
  planMode: string;
  /** Statements of the owner, whom no policy binds. */
  load(sql: string): Promise<void>;
}

const tables = [
  "documents",
  "document_tags",
  "document_sources",
  "document_versions",
  "events",
  "sessions",
  "operations",
  "endings",
];

/** Counted since the server last put its numbers away, which it does between transactions. */
const countsSql = `select coalesce(sum(t.seq_scan), 0)::integer as scans,
    coalesce(sum(coalesce(t.idx_tup_fetch, 0) + t.seq_tup_read), 0)::integer as rows,
    coalesce(sum(pg_stat_get_xact_blocks_fetched(t.relid) + (
      select sum(pg_stat_get_xact_blocks_fetched(i.indexrelid)) from pg_catalog.pg_index as i where i.indrelid = t.relid
    )), 0)::integer as pages
  from pg_stat_xact_user_tables as t where t.relname in (${tables.map((table) => `'${table}'`).join(", ")})`;

export function emptyCost(): Cost {
  return { scans: 0, rows: 0, pages: 0 };
}

type Run = (text: string) => Promise<{ readonly rows: unknown[] }>;

async function countsOf(run: Run): Promise<Cost> {
  return (await run(countsSql)).rows[0] as Cost;
}

function add(cost: Cost, before: Cost, after: Cost): void {
  cost.scans += after.scans - before.scans;
  cost.rows += after.rows - before.rows;
  cost.pages += after.pages - before.pages;
}

/** Both kinds, and whether they can be had here: for `describe.each`. */
export function watchers(what: string) {
  return [
    { name: "on PGlite", open: watchPglite, there: true },
    { name: "on a server", open: watchServer, there: requireService("postgres", { for: what }) },
  ];
}

async function watchPglite(): Promise<Watched> {
  const pglite = await openPglite();
  await migratePostgres({ pglite });
  const cost = emptyCost();
  const transaction: PGlite["transaction"] = (work) =>
    pglite.transaction(async (queries) => {
      await queries.query(`set local plan_cache_mode = ${watched.planMode}`);
      const run: Run = (text) => queries.query(text);
      const before = await countsOf(run);
      const result = await work(queries);
      add(cost, before, await countsOf(run));
      return result;
    });
  const proxy = new Proxy(pglite, {
    get: (target, name) => {
      if (name === "transaction") return transaction;
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const store = createPostgresStore({ pglite: proxy });
  const watched: Watched = {
    store,
    cost,
    planMode: "auto",
    load: async (sql) => void (await pglite.exec(sql)),
    async [Symbol.asyncDispose]() {
      await store.close();
      await pglite.close();
    },
  };
  return watched;
}

async function watchServer(): Promise<Watched> {
  const database = await openTestDatabase();
  const pool = new pg.Pool({ connectionString: database.url, max: 2 });
  const cost = emptyCost();

  function watchClient(client: pg.PoolClient): PostgresClient {
    let before: Cost | undefined;
    const run: Run = (text) => client.query(text);
    const begin = async (): Promise<void> => {
      await run(`set local plan_cache_mode = ${watched.planMode}`);
      before = await countsOf(run);
    };
    const end = async (): Promise<void> => {
      if (before !== undefined) add(cost, before, await countsOf(run));
      before = undefined;
    };
    return {
      on: (event, listener) => client.on(event, listener),
      removeListener: (event, listener) => client.removeListener(event, listener),
      release: (destroy) => client.release(destroy),
      async query(query) {
        if (query.text === "commit") await end();
        if (before !== undefined || query.text === "commit" || query.text === "rollback")
          return client.query(query as pg.QueryConfig);
        if (/^begin\b[^;]*;/u.test(query.text)) {
          const result = await client.query(query as pg.QueryConfig);
          await begin();
          return result;
        }
        // One statement that is a transaction of its own.
        await run("begin");
        try {
          await begin();
          const result = await client.query(query as pg.QueryConfig);
          await end();
          await run("commit");
          return result;
        } catch (error) {
          before = undefined;
          await run("rollback");
          throw error;
        }
      },
    };
  }

  const watchedPool: PostgresPool = {
    connect: (callback) =>
      pool.connect((error, client) =>
        callback(error, client === undefined ? undefined : watchClient(client)),
      ),
    on: (event, listener) => pool.on(event, listener),
    listenerCount: (event) => pool.listenerCount(event),
  };
  const store = createPostgresStore({ pool: watchedPool });
  const watched: Watched = {
    store,
    cost,
    planMode: "auto",
    async load(sql) {
      const owner = new pg.Client({ connectionString: database.ownerUrl });
      await owner.connect();
      try {
        await owner.query(sql);
      } finally {
        await owner.end();
      }
    },
    async [Symbol.asyncDispose]() {
      await store.close();
      await pool.end();
      await database[Symbol.asyncDispose]();
    },
  };
  return watched;
}
