/** Every table with rows of tenants. All of them are under row-level security. */
export const tenantTables: readonly string[] = [
  "tenants",
  "sessions",
  "endings",
  "events",
  "operations",
  "documents",
  "document_tags",
  "document_sources",
  "document_versions",
  "owner_changes",
  "document_operations",
];
