import { type RemoteProcess, startRemoteProcess } from "@relevo/remote-store";
import { describeConformance, type StoreHarness } from "@relevo/store-conformance";
import { requireService } from "@relevo/test-services";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createPostgresStore } from "../src/index.ts";
import { handlesOf, timeoutMs } from "./harness.ts";
import { openTestDatabase, type TestDatabase } from "./server.ts";

describe.skipIf(!requireService("postgres", { for: "the store on a PostgreSQL server" }))(
  "on a server",
  () => {
    let database: TestDatabase;
    let pool: pg.Pool;
    let remote: RemoteProcess;

    beforeAll(async () => {
      // Fewer random stories than in process, where one costs a tenth; `.ci/run` asks for all.
      vi.stubEnv("RELEVO_RUNS", process.env.RELEVO_RUNS ?? "5");
      database = await openTestDatabase(undefined, { shadowed: true });
      pool = new pg.Pool({ connectionString: database.url, max: 12 });
      remote = await startRemoteProcess(new URL("./remote/postgres-module.ts", import.meta.url), {
        RELEVO_TEST_URL: database.url,
      });
    });

    afterAll(async () => {
      vi.unstubAllEnvs();
      await remote?.[Symbol.asyncDispose]();
      await pool?.end();
      await database?.[Symbol.asyncDispose]();
    });

    /** The second handle lives in another process. */
    // An eighth of the usual megabytes on the wire; PGlite runs with those in the slow tier.
    const limits = { valueBytes: 2 ** 20, batchBytes: 2 ** 22 };
    const harness: StoreHarness = {
      name: "store-postgres on a server, from two processes",
      async open() {
        const store = createPostgresStore({ pool, timeoutMs, limits });
        const other = await remote.open(store, { limits });
        return handlesOf(store, other);
      },
    };

    // Side by side, each with a tenant of its own: much of their time cases wait for the server's clock.
    describeConformance(harness, { it: it.concurrent });

    // All of the above ran where others may create, on a path that has their twins of everything first.
    it("calls nothing that others have planted on the search path", async () => {
      expect(await database.hits()).toBe(0);
    });
  },
);
