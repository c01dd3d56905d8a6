import { fork } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { requireService } from "@relevo/test-services";
import { describe, expect, it } from "vitest";
import { createMemory } from "../../src/index.ts";
import { openStore, startCacheServer } from "../cache/servers.ts";
import type { OutcomeJob } from "./outcome-process.ts";

describe.each([
  ["redis", "redis"],
  ["postgres", "private-postgres"],
] as const)("outcomes of several processes on %s", (kind, service) => {
  it.skipIf(!requireService(service, { for: `outcomes on ${kind}` }))(
    "are each counted once",
    { timeout: 120_000 },
    async () => {
      await using server = await startCacheServer(kind);
      await using opened = await openStore(kind, server.url);
      const tenant = randomUUID();
      const script = fileURLToPath(new URL("./outcome-process.ts", import.meta.url));
      const names = ["a", "b", "c", "d"];
      const children = names.map((name) => ({ name, child: fork(script, [kind, server.url]) }));
      try {
        await Promise.all(children.map(({ child }) => once(child, "message")));
        const count = 60;
        await Promise.all(
          children.map(async ({ name, child }) => {
            // Two of them share their operation ids: what both record is one outcome.
            const job: OutcomeJob = { tenant, name: name === "d" ? "c" : name, count, writers: 4 };
            const done = once(child, "message");
            child.send(job);
            expect((await done)[0]).toBe("done");
          }),
        );
        const memory = createMemory({ store: opened.store, cache: false });
        const found = await memory.tenant(tenant).agent("planner").performance({ feedback: 50 });
        expect(found).toMatchObject({ total: 180, succeeded: 135, rating: 4 });
        expect(found.durationMs?.mean).toBeCloseTo(29.5, 9);
        expect(found.strategies.map(({ count: of }) => of)).toEqual([60, 60, 60]);
        expect(found.feedback).toHaveLength(50);
        await memory.close();
      } finally {
        for (const { child } of children) if (child.connected) child.disconnect();
      }
    },
  );
});
