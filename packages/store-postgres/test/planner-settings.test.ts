import type { PGlite } from "@electric-sql/pglite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPostgresStore, migratePostgres } from "../src/index.ts";
import { openPglite } from "./pglite.ts";

/**
 * A read sets the tenant in the same statement that looks at rows. In another order of joins row-level security would
 * look for the rows of no tenant, and the session would seem to be missing.
 */
describe("reads find the session in whatever order the planner likes to join", () => {
  let pglite: PGlite;
  beforeAll(async () => {
    pglite = await openPglite();
    await migratePostgres({ pglite });
  });
  afterAll(() => pglite?.close());

  it.each([
    ["as usual", "set geqo_threshold to default"],
    ["by chance", "set geqo_threshold = 2"],
    ["never with nested loops", "set enable_nestloop = off"],
    ["as written", "set join_collapse_limit = 1"],
  ])("%s", async (name, setting) => {
    const store = createPostgresStore({ pglite });
    const address = { tenant: `acme ${name}`, session: "s-1" };
    const event = { type: "message", body: { role: "user", content: "Hola" } } as const;
    await store.log.append(address, [event], { operation: { id: "o", fingerprint: "f" } });
    await store.documents.put({ ...address, namespace: ["n"], key: "k" }, { value: 1 });
    await pglite.exec(setting);
    try {
      expect((await store.log.head(address))?.version).toBe(1);
      expect((await store.log.operation(address, "o"))?.id).toBe("o");
      expect((await store.log.read(address)).events).toHaveLength(1);
      expect((await store.log.scan(address.tenant)).items).toHaveLength(1);
      expect((await store.log.list(address.tenant)).items).toHaveLength(1);
      expect((await store.documents.get({ ...address, namespace: ["n"], key: "k" }))?.value).toBe(1);
      expect((await store.documents.find(address)).items).toHaveLength(1);
      expect((await store.maintenance.tenantStatistics(address.tenant)).sessions).toBe(1);
      await store.log.seal(address);
      expect((await store.log.exportEvents(address))?.events).toHaveLength(1);
    } finally {
      await pglite.exec("reset all");
    }
  });
});
