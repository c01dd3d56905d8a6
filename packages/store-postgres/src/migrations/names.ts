import { documentTableNames } from "../schema/documents.ts";

/** The newest migration; a schema that lacks it is refused. Names sort in the order of the migrations. */
export const latestMigration = "2026-11-21-initial";

/** Every table with rows of tenants. All of them are under row-level security. */
export const tenantTables: readonly string[] = [
  "tenants",
  "sessions",
  "endings",
  "events",
  "operations",
  ...documentTableNames,
];
