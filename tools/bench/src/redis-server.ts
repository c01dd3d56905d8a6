import type { Store } from "@relevo/core";
import { createRedisStore } from "@relevo/store-redis";
import { startRedis } from "@relevo/test-services";
import { createClient } from "redis";

/** What the floors call of node-redis. */
export interface FloorClient {
  rPush(key: string, elements: string | string[]): Promise<unknown>;
  lRange(key: string, start: number, stop: number): Promise<string[]>;
  set(key: string, value: string): Promise<unknown>;
  get(key: string): Promise<string | null>;
  mGet(keys: string[]): Promise<(string | null)[]>;
  sAdd(key: string, members: string[]): Promise<unknown>;
  sMembers(key: string): Promise<string[]>;
}

/** A private server without persistence, and the store on it. */
export interface RedisBench extends AsyncDisposable {
  readonly url: string;
  readonly client: FloorClient;
  readonly store: Store;
}

export async function startRedisBench(): Promise<RedisBench> {
  const server = await startRedis();
  const client = createClient({ url: server.url });
  await client.connect();
  const store = createRedisStore({ client });
  return {
    url: server.url,
    client,
    store,
    async [Symbol.asyncDispose]() {
      await store.close();
      client.destroy();
      await server.stop();
    },
  };
}
