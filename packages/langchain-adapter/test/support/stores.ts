import { randomUUID } from "node:crypto";
import type { Store } from "@relevo/core";
import { createPostgresStore, migratePostgres } from "@relevo/store-postgres";
import { createRedisStore } from "@relevo/store-redis";
import { startPostgres, startRedis } from "@relevo/test-services";
import pg from "pg";
import { createClient } from "redis";

/** A private server, and stores on it that know nothing of each other; `shared` is what other processes have. */
export interface ServedStores extends AsyncDisposable {
  /** Of the server, for other processes. */
  readonly url: string;
  open(name?: string): Store;
}

/** A busy machine must not meet the deadline of a store. */
const patient = { timeoutMs: 300_000 } as const;

export async function serveRedis(): Promise<ServedStores> {
  const server = await startRedis();
  const client = createClient({ url: server.url, RESP: 2 });
  client.on("error", () => undefined);
  await client.connect();
  return {
    url: server.url,
    open: (name = randomUUID()) =>
      createRedisStore({
        client,
        deadlineMs: 300_000,
        ...(name === "shared" ? {} : { prefix: `t-${name}` }),
      }),
    async [Symbol.asyncDispose]() {
      client.destroy();
      await server.stop();
    },
  };
}

export async function servePostgres(): Promise<ServedStores> {
  const server = await startPostgres();
  const pool = new pg.Pool({ connectionString: server.url });
  pool.on("error", () => undefined);
  await migratePostgres({ pool });
  const store = createPostgresStore({ pool, ...patient });
  return {
    url: server.url,
    open: () => store,
    async [Symbol.asyncDispose]() {
      await store.close();
      await pool.end();
      await server.stop();
    },
  };
}
