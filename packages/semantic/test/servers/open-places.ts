import { randomUUID } from "node:crypto";
import { PGlite } from "@electric-sql/pglite";
import { vector } from "@electric-sql/pglite-pgvector";
import type { SearchIndex, Store } from "@relevo/core";
import { createMemoryStore } from "@relevo/store-memory";
import { createPostgresStore, migratePostgres } from "@relevo/store-postgres";
import { createRedisStore } from "@relevo/store-redis";
import { dumpKeys, dumpTables, startPostgres, startRedis } from "@relevo/test-services";
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
      dump: () => dumpTables(async (sql) => (await pglite.query<{ readonly line: string }>(sql)).rows),
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
      dump: () => dumpKeys((...args) => server.command(...args)),
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
      dump: () => dumpTables(async (sql) => (await owner.query<{ readonly line: string }>(sql)).rows),
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
