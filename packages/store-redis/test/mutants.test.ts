import { describeMutants } from "@relevo/store-conformance";
import { requireService } from "@relevo/test-services";
import { describe, it } from "vitest";
import { redisHarness } from "./harness.ts";
import { ownMutants } from "./own-mutants.ts";
import { useRedis } from "./servers.ts";

// Side by side, each below a prefix of its own. The kit's own mutants are judged on the store in memory.
describe.skipIf(!requireService("redis", { for: "the mutants of store-redis" }))("one server", () => {
  const redis = useRedis();
  const harness = redisHarness("store-redis", () => redis.clients());
  describeMutants(harness, { mutants: ownMutants, onlyOwn: true, it: it.concurrent });
});
