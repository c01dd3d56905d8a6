import { randomUUID } from "node:crypto";
import { PGlite } from "@electric-sql/pglite";
import { vector } from "@electric-sql/pglite-pgvector";
import type { SearchIndex, Store } from "@relevo/core";
import { createMemoryStore } from "@relevo/store-memory";
import { createPostgresStore, migratePostgres } from "@relevo/store-postgres";
import { createRedisStore } from "@relevo/store-redis";
import { startPostgres, startRedis } from "@relevo/test-services";
import pg from "pg";
import { createClient } from "redis";

/** A store with its own index, where it has one, and what whoever has its files or its server can find in it. */
export interface OpenedPlace extends AsyncDisposable {
  readonly store: Store;
  readonly search?: SearchIndex;
  /** For another process. */
  readonly url: string;
  dump(): Promise<string>;
}

export type PlaceKind = "process" | "pglite" | "redis" | "postgres";

export const openPlace: { readonly [Kind in PlaceKind]: () => Promise<OpenedPlace> } = {
  async process() {
    const store = createMemoryStore();
    return { store, url: "", dump: async () => "", [Symbol.asyncDispose]: () => store.close() };
  },

  async pglite() {
    const pglite = await PGlite.create({ extensions: { vector } });
    await pglite.exec("create extension vector");
    await migratePostgres({ pglite });
    const store = createPostgresStore({ pglite });
    return {
      store,
      search: store.search,
      url: "",
      dump: () => dumpTables(async (sql) => (await pglite.query<Line>(sql)).rows),
      async [Symbol.asyncDispose]() {
        await store.close();
        await pglite.close();
      },
    };
  },

  async redis() {
    const server = await startRedis();
    const connected = await connectRedis(server.url);
    return {
      ...connected,
      url: server.url,
      dump: () => dumpKeys(server),
      async [Symbol.asyncDispose]() {
        await connected[Symbol.asyncDispose]();
        await server.stop();
      },
    };
  },

  async postgres() {
    const server = await startPostgres();
    const ownerUrl = await server.createDatabase();
    const owner = new pg.Pool({ connectionString: ownerUrl, max: 1 });
    await migratePostgres({ pool: owner });
    // Roles belong to the whole server.
    const role = `recall_${randomUUID().slice(0, 8)}`;
    await owner.query(`create role ${role} login password 'relevo' in role relevo_app`);
    const url = new URL(ownerUrl);
    url.username = role;
    url.password = "relevo";
    const connected = await connectPostgres(url.href);
    return {
      ...connected,
      url: url.href,
      dump: () => dumpTables(async (sql) => (await owner.query<Line>(sql)).rows),
      async [Symbol.asyncDispose]() {
        await connected[Symbol.asyncDispose]();
        await owner.end();
        await server.stop();
      },
    };
  },
};

export async function connectRedis(url: string): Promise<{ readonly store: Store } & AsyncDisposable> {
  const client = createClient({ url });
  client.on("error", () => undefined);
  await client.connect();
  const store = createRedisStore({ client });
  return {
    store,
    async [Symbol.asyncDispose]() {
      await store.close();
      client.destroy();
    },
  };
}

export async function connectPostgres(
  url: string,
): Promise<{ readonly store: Store; readonly search: SearchIndex } & AsyncDisposable> {
  const pool = new pg.Pool({ connectionString: url, max: 8 });
  pool.on("error", () => undefined);
  const store = createPostgresStore({ pool });
  return {
    store,
    search: store.search,
    async [Symbol.asyncDispose]() {
      await store.close();
      await pool.end();
    },
  };
}

interface Line {
  readonly line: string;
}

/** Each row of each table as text, and what is kept as bytes as UTF-8 too: places of documents hold their names. */
async function dumpTables(query: (sql: string) => Promise<readonly Line[]>): Promise<string> {
  const tables = await query(
    "select tablename as line from pg_catalog.pg_tables where schemaname = 'relevo'",
  );
  const lines: string[] = [];
  for (const { line: table } of tables)
    for (const { line } of await query(`select t::text as line from relevo.${table} as t`)) {
      const bytes = line.replaceAll(/\\x([0-9a-f]+)/gu, (_, hex: string) =>
        Buffer.from(hex, "hex").toString(),
      );
      lines.push(`${table}: ${line} ${bytes}`);
    }
  return lines.join("\n");
}

const readers: { readonly [type: string]: (key: string) => readonly (string | number)[] } = {
  string: (key) => ["GET", key],
  list: (key) => ["LRANGE", key, 0, -1],
  hash: (key) => ["HGETALL", key],
  set: (key) => ["SMEMBERS", key],
  zset: (key) => ["ZRANGE", key, 0, -1],
};

async function dumpKeys(redis: {
  command(...args: readonly (string | number)[]): Promise<unknown>;
}): Promise<string> {
  const lines: string[] = [];
  for (const key of (await redis.command("KEYS", "*")) as readonly string[]) {
    const type = `${await redis.command("TYPE", key)}`;
    const read = readers[type];
    if (read === undefined && type !== "none") throw new Error(`Nobody reads keys of type ${type}.`);
    lines.push(`${key} ${read === undefined ? "" : JSON.stringify(await redis.command(...read(key)))}`);
  }
  return lines.join("\n");
}
