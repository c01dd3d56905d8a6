/** The newest migration; a schema without it is refused. Names sort in the order of the migrations. */
export const latestMigration = "2026-11-26-initial";
