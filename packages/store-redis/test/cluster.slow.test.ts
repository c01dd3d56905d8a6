import { type RemoteProcess, startRemoteProcess } from "@relevo/remote-store";
import { describeConformance } from "@relevo/store-conformance";
import { type RedisCluster, requireService, startRedisCluster } from "@relevo/test-services";
import { createCluster } from "redis";
import { afterAll, beforeAll, describe } from "vitest";
import { redisHarness } from "./harness.ts";
import { RESP } from "./protocol.ts";

type Client = ReturnType<typeof connect>;

function connect({ rootNodes }: RedisCluster) {
  return createCluster({ rootNodes: rootNodes.map(({ url }) => ({ url })), RESP });
}

describe.skipIf(!requireService("redis", { for: "the conformance of store-redis on a Cluster" }))(
  "a Cluster of three masters and three replicas",
  () => {
    let cluster: RedisCluster | undefined;
    let client: Client | undefined;
    let remote: RemoteProcess | undefined;
    beforeAll(async () => {
      cluster = await startRedisCluster();
      client = connect(cluster);
      client.on("error", () => undefined);
      await client.connect();
      remote = await startRemoteProcess(new URL("./redis-module.ts", import.meta.url), {
        RELEVO_TEST_URLS: cluster.rootNodes.map(({ url }) => url).join(","),
      });
    });
    afterAll(async () => {
      await remote?.[Symbol.asyncDispose]();
      client?.destroy();
      await cluster?.stop();
    });

    describeConformance(
      redisHarness("store-redis on a Cluster, from two processes", () => {
        if (client === undefined || remote === undefined)
          throw new Error("The Cluster has not been started.");
        return [client, remote];
      }),
    );
  },
);
