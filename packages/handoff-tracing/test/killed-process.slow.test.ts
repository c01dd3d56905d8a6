import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createRedisStore } from "@relevo/store-redis";
import { requireService, startRedis } from "@relevo/test-services";
import { createClient } from "redis";
import { describe, expect, test } from "vitest";
import { createHandoffs } from "../src/create-handoffs.ts";

/** So long that a busy machine does not keep the process from renewing it in time. */
const signOfLifeMs = 10_000;
const session = { tenant: "acme", session: "lead-7" };
const child = fileURLToPath(new URL("processes/hand-over.ts", import.meta.url));

describe.skipIf(!requireService("redis", { for: "a handoff whose process is killed" }))(
  "a handoff whose process is killed",
  () => {
    test("is abandoned once, by one of those who look, and never while the process lives", async () => {
      await using redis = await startRedis();
      await using clients = new AsyncDisposableStack();
      const keepers = await Promise.all(
        [1, 2].map(async () => {
          const client = await createClient({ url: redis.url }).connect();
          clients.defer(() => client.close());
          const { log, documents } = createRedisStore({ client });
          return createHandoffs({ log, documents });
        }),
      );
      const lookAll = async (): Promise<number> =>
        (await Promise.all(keepers.map((keeper) => keeper.abandonStale(session)))).flat().length;

      const worker = spawn(process.execPath, [child, redis.url, String(signOfLifeMs)], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      try {
        await once(worker.stdout, "data");
        // Longer than a sign lasts: a process that does not renew it would be counted as dead.
        for (const until = Date.now() + 1.5 * signOfLifeMs; Date.now() < until; await setTimeout(100))
          expect(await lookAll()).toBe(0);
      } finally {
        worker.kill("SIGKILL");
      }
      let marks = 0;
      await expect.poll(async () => (marks += await lookAll()), { timeout: 120_000 }).toBeGreaterThan(0);
      marks += await lookAll();
      expect(marks).toBe(1);
      const entries = (await keepers[0]?.chain(session))?.entries;
      expect(entries).toMatchObject([{ to: "qualifier", status: "abandoned" }]);
    });
  },
);
