import { optionProblems, storeOptionProblems } from "@relevo/store-conformance";
import { expect, it } from "vitest";
import { createPostgresStore, migratePostgres, openEmbedded, vacuumPostgres } from "../src/index.ts";
import { openPglite } from "./pglite.ts";

it("an option that nobody knows is refused by every call, and an undefined guard too", async () => {
  const pglite = await openPglite();
  await migratePostgres({ pglite });
  const store = createPostgresStore({ pglite, timeoutMs: undefined, limits: undefined });
  const factories = await optionProblems(
    {},
    {
      createPostgresStore: (o) => createPostgresStore({ pglite, ...o }),
      migratePostgres: (o) => migratePostgres({ pglite, ...o }),
      vacuumPostgres: (o) => vacuumPostgres({ pglite, ...o }),
      openEmbedded: (o) => openEmbedded("/nowhere/at/all", { ...(o as object) }),
    },
  );
  const { maintenance } = store;
  const ofStore = await storeOptionProblems(
    store,
    {
      "maintenance.deleteIdleSessions": (o) => maintenance.deleteIdleSessions({ idleSince: 0, ...o }),
      "maintenance.tenantStatistics": (o) => maintenance.tenantStatistics("acme", o),
      "maintenance.tableStatistics": (o) => maintenance.tableStatistics(o),
    },
    ["store.close"],
  );
  expect([...factories, ...ofStore]).toEqual([]);
  await expect(migratePostgres({ pglite, dryRun: undefined } as never)).rejects.toThrow("options.dryRun");
  await expect(
    maintenance.deleteIdleSessions({ idleSince: 8e15, tenant: undefined } as never),
  ).rejects.toThrow("options.tenant is undefined");
  expect(await store.log.head({ tenant: "acme", session: "options" })).toBeDefined();
  await store.close();
  await pglite.close();
});

it.each(["public", "none", "current_user", "current_role", "session_user", "user", "pg_read_all_data", ""])(
  "no role can be named %j, and the error says which option names it",
  async (applicationRole) => {
    const pool = { connect: () => expect.unreachable(), on: () => undefined, listenerCount: () => 1 };
    const refused = { code: "invalid-input", message: expect.stringContaining("applicationRole") };
    expect(() => createPostgresStore({ pool, applicationRole })).toThrow(expect.objectContaining(refused));
    await expect(migratePostgres({ pool, applicationRole })).rejects.toMatchObject(refused);
  },
);
