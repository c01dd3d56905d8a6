import { type RemoteProcess, startRemoteProcess } from "@relevo/remote-store";
import { describeConformance } from "@relevo/store-conformance";
import { requireService } from "@relevo/test-services";
import { afterAll, beforeAll, describe, it, vi } from "vitest";
import { redisHarness } from "./harness.ts";
import { useRedis } from "./servers.ts";

describe.skipIf(!requireService("redis", { for: "the conformance of store-redis" }))("one server", () => {
  const redis = useRedis();
  let remote: RemoteProcess | undefined;
  beforeAll(async () => {
    // Fewer random stories than in process, where one costs a tenth; `.ci/run` asks for all.
    vi.stubEnv("RELEVO_RUNS", process.env.RELEVO_RUNS ?? "5");
    remote = await startRemoteProcess(new URL("./redis-module.ts", import.meta.url), {
      RELEVO_TEST_URLS: redis.server().url,
    });
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await remote?.[Symbol.asyncDispose]();
  });

  describeConformance(
    redisHarness(
      "store-redis from two processes",
      () => {
        if (remote === undefined) throw new Error("The other process has not been started.");
        return [redis.clients()[0], remote];
      },
      // An eighth of the usual megabytes on the wire; the Cluster runs with those in the slow tier.
      { valueBytes: 2 ** 20, batchBytes: 2 ** 22 },
    ),
    // Side by side, each below a prefix of its own: much of their time cases wait for the server's clock.
    { it: it.concurrent },
  );
});
