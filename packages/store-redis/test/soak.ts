import { soakModels } from "@relevo/store-conformance";
import { requireService, startRedis } from "@relevo/test-services";
import { createClient } from "redis";
import { redisHarness } from "./harness.ts";

/** Random stories for as long as `RELEVO_SOAK_SECONDS` says; `RELEVO_SEED` makes one again. */
if (requireService("redis", { for: "random stories on Redis" })) {
  await using server = await startRedis();
  const clients = [createClient({ url: server.url }), createClient({ url: server.url })] as const;
  for (const client of clients) await client.connect();
  const seed = process.env.RELEVO_SEED;
  const stories = await soakModels(
    redisHarness("store-redis", () => clients),
    {
      seconds: Number(process.env.RELEVO_SOAK_SECONDS ?? 60),
      ...(seed === undefined ? {} : { seed: Number(seed) }),
      report: (line) => console.log(line),
    },
  );
  console.log(`${stories} random stories held on store-redis`);
  for (const client of clients) client.destroy();
}
