import { describeMutants, type StoreHarness } from "@relevo/store-conformance";
import { requireService } from "@relevo/test-services";
import pg from "pg";
import { afterAll, beforeAll, describe, it } from "vitest";
import { createPostgresStore } from "../src/index.ts";
import { handlesOf, timeoutMs } from "./harness.ts";
import { ownMutants } from "./own-mutants.ts";
import { openTestDatabase, type TestDatabase } from "./server.ts";

// On a server rather than on PGlite, and side by side. The kit's own mutants are judged on the store in memory.
describe.skipIf(!requireService("postgres", { for: "the mutants of the store on PostgreSQL" }))(
  "on a server",
  () => {
    let database: TestDatabase;
    let pools: readonly pg.Pool[] = [];

    beforeAll(async () => {
      database = await openTestDatabase();
      pools = [1, 2].map(() => new pg.Pool({ connectionString: database.url, max: 16 }));
    });

    afterAll(async () => {
      await Promise.all(pools.map((pool) => pool.end()));
      await database?.[Symbol.asyncDispose]();
    });

    const harness: StoreHarness = {
      name: "store-postgres on a server",
      async open() {
        const [store, other] = pools.map((pool) => createPostgresStore({ pool, timeoutMs }));
        if (store === undefined || other === undefined) throw new Error("There are no pools.");
        return handlesOf(store, other);
      },
    };

    describeMutants(harness, { mutants: ownMutants, onlyOwn: true, it: it.concurrent });
  },
);
