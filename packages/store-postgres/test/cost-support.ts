import { PGlite } from "@electric-sql/pglite";
import type { Store } from "@relevo/core";
import pg from "pg";
import {
  createPostgresStore,
  migratePostgres,
  type PostgresClient,
  type PostgresPool,
} from "../src/index.ts";
import { openTestDatabase } from "./server.ts";

/** What calls have touched: whole-table scans, and rows fetched by index or by scan, also within functions. */
export interface Cost {
  scans: number;
  rows: number;
}

/** A store under row-level security whose transactions are watched by PostgreSQL's own counts. */
export interface Watched extends AsyncDisposable {
  readonly store: Store;
  readonly cost: Cost;
  /** How statements are planned from now on: `force_custom_plan`, `force_generic_plan`, `auto`. */
  planMode: string;
  /** Statements of the owner, whom no policy binds. */
  load(sql: string): Promise<void>;
}

const tables = ["documents", "document_tags", "events", "sessions", "operations", "endings"];

/** Counted since the server last put its numbers away, which it does between transactions. */
const countsSql = `select coalesce(sum(seq_scan), 0)::integer as scans,
    coalesce(sum(coalesce(idx_tup_fetch, 0) + seq_tup_read), 0)::integer as rows
  from pg_stat_xact_user_tables where relname in (${tables.map((table) => `'${table}'`).join(", ")})`;

type Run = (text: string) => Promise<{ readonly rows: unknown[] }>;

async function countsOf(run: Run): Promise<Cost> {
  return (await run(countsSql)).rows[0] as Cost;
}

function add(cost: Cost, before: Cost, after: Cost): void {
  cost.scans += after.scans - before.scans;
  cost.rows += after.rows - before.rows;
}

export async function watchPglite(): Promise<Watched> {
  const pglite = await PGlite.create();
  await migratePostgres({ pglite });
  const cost: Cost = { scans: 0, rows: 0 };
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

export async function watchServer(): Promise<Watched> {
  const database = await openTestDatabase();
  const pool = new pg.Pool({ connectionString: database.url, max: 2 });
  const cost: Cost = { scans: 0, rows: 0 };

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
        if (query.text.startsWith("begin;")) {
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
    connect: async () => watchClient(await pool.connect()),
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
