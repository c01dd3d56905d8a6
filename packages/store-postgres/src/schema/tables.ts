/** The tables of the store. */
export const storeTables: readonly string[] = [
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

/** The tables of the search index. */
export const searchTables: readonly string[] = [
  "search_tenants",
  "search_streams",
  "search_chunks",
  "search_items",
  "search_postings",
  "search_terms",
  "search_names",
];

/** Of the search index too; only where the extension pgvector is. */
export const vectorTable = "search_vectors";

/** Every table with rows of tenants that a migration makes. All of them are under row-level security. */
export const tenantTables: readonly string[] = [...storeTables, ...searchTables];
