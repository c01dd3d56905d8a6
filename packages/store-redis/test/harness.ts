import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { defaultLimits, type Limits } from "@relevo/core";
import type { RemoteProcess } from "@relevo/remote-store";
import type { StoreFixture, StoreHarness } from "@relevo/store-conformance";
import type { RedisClient, RedisCluster } from "../src/index.ts";
import { createRedisStore } from "../src/index.ts";
import { createKeys } from "../src/keys.ts";
import { patient } from "./servers.ts";

/** The client of the first handle, and that of the second; or the process that the second lives in. */
type Clients = readonly [RedisClient | RedisCluster, RedisClient | RedisCluster | RemoteProcess];

/** How much one value and one call may have. */
type Sizes = Pick<Limits, "valueBytes" | "batchBytes">;

/** The kit's way in: two handles with clients of their own, below a prefix of its own. Time is the server's. */
export function redisHarness(
  name: string,
  clients: () => Clients,
  limits: Sizes = defaultLimits,
): StoreHarness {
  return { name, open: () => openFixture(clients(), limits) };
}

async function openFixture(
  [client, second]: Clients,
  { valueBytes, batchBytes }: Sizes,
): Promise<StoreFixture> {
  const prefix = `t-${randomUUID()}`;
  const options = { prefix, limits: { valueBytes, batchBytes }, ...patient };
  const store = createRedisStore({ client, ...options });
  const other =
    "pid" in second ? await second.open(store, options) : createRedisStore({ client: second, ...options });
  return {
    store,
    other,
    advance: waitMs,
    async loseSession(tenant, session) {
      const { log } = createKeys(prefix).session(tenant, session);
      await ("masters" in client
        ? client.sendCommand(log, false, ["DEL", log])
        : client.sendCommand(["DEL", log]));
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([store.close(), other.close()]);
    },
  };
}

/** A timer may fire a little early, and the server's clock tells. */
async function waitMs(ms: number): Promise<void> {
  const end = performance.now() + ms;
  for (let left = ms; left > 0; left = end - performance.now()) await sleep(Math.ceil(left));
}
