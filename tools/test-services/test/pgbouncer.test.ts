import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { requireService, startPgbouncer, startPrivatePostgres } from "../src/index.ts";
import { isAlive } from "../src/process-tree.ts";
import { queryPostgres } from "../src/query-postgres.ts";

describe.skipIf(!requireService("pgbouncer"))("startPgbouncer", () => {
  it("shares connections of a server by transactions, and leaves no process and no folder", async () => {
    await using postgres = await startPrivatePostgres();
    const pooler = await startPgbouncer({ url: postgres.url, poolSize: 1 });
    const { pid, dir } = pooler;
    expect(pooler.version).toMatch(/^\d+\.\d+/u);
    const backends = await Promise.all(
      Array.from({ length: 5 }, () => queryPostgres(pooler.url, "select pg_backend_pid() as pid")),
    );
    expect(new Set(backends.map(([row]) => row?.pid)).size).toBe(1);
    await pooler.restart();
    expect(await queryPostgres(pooler.url, "select 1 as one")).toEqual([{ one: 1 }]);

    const last = pooler.pid;
    await pooler.stop();
    expect([isAlive(pid), isAlive(last), existsSync(dir)]).toEqual([false, false, false]);
  });
});
