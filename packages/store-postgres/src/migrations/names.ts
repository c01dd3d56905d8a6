/** The migrations in their order, which is that of their names. */
export const migrationNames = ["2026-11-26-initial", "2026-11-26-search"] as const;

/** The newest migration; a schema without it is refused. */
export const latestMigration: (typeof migrationNames)[number] = "2026-11-26-search";
