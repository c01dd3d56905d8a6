import { createPostgresStore, migratePostgres } from "@relevo/store-postgres";
import { createRedisStore, type RedisClient, type RedisCluster } from "@relevo/store-redis";
import { type ServerControl, startPrivatePostgres, startRedis } from "@relevo/test-services";
import pg from "pg";
import { createClient } from "redis";
import type { MemoryStore } from "../../src/index.ts";

export type ServerKind = "redis" | "postgres";

/** A server that can be killed, and that can lose its newest writes. */
export interface CacheServer extends AsyncDisposable {
  readonly url: string;
  /** Kills the server at once and starts it again. Nothing that was acknowledged is lost. */
  kill(): Promise<void>;
  /** Remembers the state. The result goes back to it, as a failover to a replica that had not seen more. */
  save(): Promise<() => Promise<void>>;
}

export interface OpenStore extends AsyncDisposable {
  readonly store: MemoryStore;
}

export async function startCacheServer(kind: ServerKind): Promise<CacheServer> {
  return kind === "redis" ? await startOnRedis() : await startOnPostgres();
}

/** A store with connections of its own, which come back after the server did. */
export async function openStore(kind: ServerKind, url: string): Promise<OpenStore> {
  if (kind === "redis") return openRedis(createClient({ url, socket: { reconnectStrategy: 20 } }));
  return openPostgres({ connectionString: url, max: 4 });
}

/** A store over a pool of its own, which connects when it is used. */
export function openPostgres(config: pg.PoolConfig): OpenStore {
  const pool = new pg.Pool(config);
  pool.on("error", () => undefined);
  const store = createPostgresStore({ pool });
  return {
    store,
    async [Symbol.asyncDispose]() {
      await store.close();
      await pool.end();
    },
  };
}

/** What is called of a client here. The type checker takes 18 s to match node-redis's own types for a Cluster. */
type AnyRedis = (RedisClient | RedisCluster) & {
  on(event: "error", listener: () => void): unknown;
  connect(): Promise<unknown>;
  destroy(): void;
};

/** A store over this client, which it connects and closes. */
export async function openRedis(client: AnyRedis): Promise<OpenStore> {
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

async function startOnRedis(): Promise<CacheServer> {
  const server = await startRedis({ persistence: "always" });
  /** Copies every key to another database of the server, with its expiry. */
  const copyAll = async (from: number, to: number): Promise<void> => {
    const client = createClient({ url: server.url, database: from });
    await client.connect();
    const target = createClient({ url: server.url, database: to });
    await target.connect();
    try {
      await target.flushDb();
      for (const key of await client.keys("*")) await client.sendCommand(["COPY", key, key, "DB", `${to}`]);
    } finally {
      client.destroy();
      target.destroy();
    }
  };
  return {
    url: server.url,
    kill: () => killed(server),
    async save() {
      await copyAll(0, 1);
      return () => copyAll(1, 0);
    },
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

async function startOnPostgres(): Promise<CacheServer> {
  const server = await startPrivatePostgres({ durable: true });
  const ownerUrl = await server.createDatabase("cache");
  const owner = new pg.Pool({ connectionString: ownerUrl, max: 1 });
  await migratePostgres({ pool: owner });
  await owner.query("create role cache login in role relevo_app");
  await owner.end();
  const url = new URL(ownerUrl);
  url.username = "cache";
  const tables = (await server.query(
    "select tablename as name from pg_tables where schemaname = 'relevo' order by 1",
    ownerUrl,
  )) as unknown as readonly { readonly name: string }[];
  return {
    url: url.href,
    kill: () => killed(server),
    async save() {
      const copies = tables.map(({ name }) => `create table saved.${name} as table relevo.${name};`);
      await server.query(
        `drop schema if exists saved cascade; create schema saved; ${copies.join(" ")}`,
        ownerUrl,
      );
      const back = tables.map(({ name }) => `insert into relevo.${name} select * from saved.${name};`);
      const all = tables.map(({ name }) => `relevo.${name}`).join(", ");
      return async () => {
        const sql = `begin; set local session_replication_role = replica; truncate ${all}; ${back.join(" ")} commit;`;
        await server.query(sql, ownerUrl);
      };
    },
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

async function killed(server: ServerControl): Promise<void> {
  await server.kill();
  await server.restart();
}
