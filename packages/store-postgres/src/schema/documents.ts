import { documentWriteFunctions } from "./document-functions.ts";
import { documentNamespaceFunctions } from "./document-namespaces.ts";
import { documentPurgeFunctions } from "./document-purge.ts";
import { pinnedPath, quoteBody, withoutStatistics } from "./sql-text.ts";

/** As the tables are read by queries that Kysely builds. `bigint` columns: `asText` in results. */
export interface DocumentTables {
  documents: {
    tenant: string;
    /** Empty for a document that stands alone: no id is. */
    session: string;
    /** The session's, so that no document outlives its incarnation; 0 for one that stands alone. */
    generation: number;
    /** `documentSortKey` in UTF-8: sorts as namespace elements and key do, and begins as the namespace does. */
    place: Uint8Array;
    namespace: string[];
    key: string;
    version: number;
    tags: string[];
    created_at: number;
    updated_at: number;
    expires_at: number | null;
    /** Verbatim JSON. */
    value: string;
    /** Verbatim JSON. */
    metadata: string;
    /** `{ value, metadata }` for `where`; null for a large one, which is parsed when it is looked at. */
    filterable: unknown;
    /** Core's `searchableText` of the value. */
    searchable: string;
  };
  /** The index by tag. Row-level security rules GIN out: its operators might tell an error's text of hidden rows. */
  document_tags: {
    tenant: string;
    session: string;
    generation: number;
    /** As `document_tag` gives it. */
    tag: string;
    place: Uint8Array;
  };
  /**
   * Versions that no document may get again: in a session, the greatest that was given; of those that stand alone, the
   * greatest of all that were removed and fall into the same of 64 shares. So a document made anew has a greater
   * version than the one before it, whatever the clock says, and nothing is kept of those that are gone.
   */
  document_versions: {
    tenant: string;
    session: string;
    share: number;
    version: number;
  };
}

/** Every table of documents; all are under row-level security. */
export const documentTableNames: readonly string[] = ["documents", "document_tags", "document_versions"];

export function documentTables(schema: string): readonly string[] {
  return [
    `create table ${schema}.documents (
  tenant text collate "C" not null,
  session text collate "C" not null,
  generation bigint not null,
  place bytea not null,
  namespace text[] collate "C" not null,
  key text collate "C" not null,
  version bigint not null,
  tags text[] collate "C" not null,
  created_at bigint not null,
  updated_at bigint not null,
  expires_at bigint,
  value text collate "C" not null,
  metadata text collate "C" not null,
  filterable jsonb,
  searchable text collate "C" not null,
  primary key (tenant, session, generation, place)
)`,
    withoutStatistics(`${schema}.documents`, [
      ...["place", "namespace", "key", "tags"],
      ...["value", "metadata", "filterable", "searchable"],
    ]),
    // Each index but the primary key has a condition that only its own query repeats. To a planner without statistics,
    // as of a new table or in PGlite, any index that begins with the tenant looks as good as the primary key, and each
    // look at one document would read all of its unit.
    `create index documents_by_time on ${schema}.documents (tenant, updated_at, session, generation)
  where updated_at > 0`,
    `create index documents_by_expiry on ${schema}.documents (tenant, expires_at) where expires_at is not null`,
    `create table ${schema}.document_tags (
  tenant text collate "C" not null,
  session text collate "C" not null,
  generation bigint not null,
  tag text collate "C" not null,
  place bytea not null,
  primary key (tenant, session, generation, tag, place)
)`,
    withoutStatistics(`${schema}.document_tags`, ["tag", "place"]),
    `create table ${schema}.document_versions (
  tenant text collate "C" not null,
  session text collate "C" not null,
  share smallint not null,
  version bigint not null,
  primary key (tenant, session, share)
) with (fillfactor = 80)`,
  ];
}

export function documentFunctions(schema: string): readonly string[] {
  return [
    // A tag as its index holds it. Together with an address a long one would not fit an index entry of 2,704 bytes, so
    // its digest stands for it: 131 bytes, which no tag is that stands for itself.
    `create function ${schema}.document_tag(p_tag text) returns text
language sql immutable parallel safe
return case when octet_length(p_tag) <= 128 then p_tag
  else encode(sha512(convert_to(p_tag, 'UTF8')), 'hex') || '…' end`,
    `create function ${schema}.document_share(p_place bytea) returns smallint
language sql immutable parallel safe return (get_byte(sha256(p_place), 0) & 63)::smallint`,
    // The newest of a tenant, by their index and by no other way. A planner without statistics expects few rows and
    // would fetch and sort all that were ever written to give back the first.
    `create function ${schema}.recent_documents(p_tenant text, p_since bigint, p_limit bigint)
returns table (session text, generation bigint, place bytea)
language sql stable ${pinnedPath} set enable_bitmapscan = off set enable_sort = off set enable_seqscan = off as ${quoteBody(`
  select d.session, d.generation, d.place from ${schema}.documents as d
  where d.tenant = p_tenant and d.updated_at >= p_since and d.updated_at > 0
  order by d.updated_at desc limit p_limit`)}`,
    ...documentWriteFunctions(schema),
    ...documentPurgeFunctions(schema),
    ...documentNamespaceFunctions(schema),
  ];
}
