import type { LimitOverrides } from "@relevo/core";
import { createClient, createCluster } from "redis";
import { createRedisStore, type RedisStore } from "../src/index.ts";
import { RESP } from "./protocol.ts";

const urls = (process.env.RELEVO_TEST_URLS ?? "").split(",");
const [url = ""] = urls;
const client =
  urls.length > 1
    ? createCluster({ rootNodes: urls.map((node) => ({ url: node })), RESP })
    : createClient({ url, RESP });
client.on("error", () => undefined);
await client.connect();

/** A store of this process: its client is no other's. */
export async function openStore(options: {
  readonly prefix: string;
  readonly deadlineMs: number;
  readonly limits: LimitOverrides;
}): Promise<RedisStore> {
  return createRedisStore({ client, ...options });
}
