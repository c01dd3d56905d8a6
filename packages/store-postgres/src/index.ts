export { createPostgresStore, type PostgresStore } from "./create-postgres-store.ts";
export type { PostgresClient, PostgresPool, PostgresResult } from "./database/clients.ts";
export { type GuardedClient, type GuardedPool, guardPool } from "./database/guard-pool.ts";
export { type EmbeddedOptions, type EmbeddedStore, openEmbedded } from "./embedded/open-embedded.ts";
export type {
  DeleteIdleOptions,
  DeleteIdleResult,
  PostgresMaintenance,
} from "./maintenance/postgres-maintenance.ts";
export type { TableStatistics, TenantStatistics } from "./maintenance/statistics.ts";
export { type VacuumOptions, type VacuumResult, vacuumPostgres } from "./maintenance/vacuum-postgres.ts";
export { type MigrateOptions, type MigrateResult, migratePostgres } from "./migrations/migrate-postgres.ts";
export type { ClientOptions, PostgresStoreOptions, RowLevelSecurity } from "./options.ts";
