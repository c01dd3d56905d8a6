/** As the tables are read by queries that Kysely builds. `bigint` columns: cast to `float8` in results. */
export interface EventTables {
  events: {
    tenant: string;
    session: string;
    generation: number;
    seq: number;
    type: string;
    agent: string | null;
    role: string | null;
    status: string | null;
    duration_ms: number | null;
    /** The caller's time, in milliseconds. */
    at: number | null;
    recorded_at: number;
    pinned: boolean;
    retracted_by: number | null;
    erased_at: number | null;
    /** What it adds to the session's bytes; nothing for a tombstone. */
    bytes: number;
    /** What its content repeats. Kept by tombstones: it is no content, and leads on. */
    derived_from: string | null;
    /** Of the last event of an append: what makes its retry safe. */
    operation_id: string | null;
    /** SHA-256 of the id, because an index entry could not hold the id itself beside the address. */
    operation_key: Uint8Array | null;
    operation_fingerprint: string | null;
    operation_events: number | null;
    operation_revision: number | null;
    /** The event as it was appended, as verbatim JSON; of an erased one what is left of it. */
    content: string;
  };
  /** Operations whose events are trimmed or deleted, or that had none. The others stand on their last event. */
  operations: {
    tenant: string;
    session: string;
    generation: number;
    /** SHA-256 of the id. */
    key: Uint8Array;
    id: string;
    fingerprint: string;
    first_seq: number;
    version: number;
    revision: number;
  };
}

export function eventTables(schema: string): readonly string[] {
  return [
    `create table ${schema}.events (
  tenant text collate "C" not null,
  session text collate "C" not null,
  generation bigint not null,
  seq bigint not null,
  type text collate "C" not null,
  agent text collate "C",
  role text collate "C",
  status text collate "C",
  duration_ms double precision,
  at bigint,
  recorded_at bigint not null,
  pinned boolean not null,
  retracted_by bigint,
  erased_at bigint,
  bytes bigint not null,
  derived_from int8multirange,
  operation_id text collate "C",
  operation_key bytea,
  operation_fingerprint text collate "C",
  operation_events integer,
  operation_revision bigint,
  content text not null,
  primary key (tenant, session, generation, seq)
)`,
    `create index events_by_time on ${schema}.events (tenant, recorded_at, session, seq) where retracted_by is null`,
    `create index events_pinned on ${schema}.events (tenant, session, generation, seq) where pinned`,
    `create index events_retracted on ${schema}.events (tenant, session, generation, seq) where retracted_by is not null`,
    `create index events_derived on ${schema}.events (tenant, session, generation, seq) where derived_from is not null`,
    `create unique index events_by_operation on ${schema}.events (tenant, session, operation_key, generation)
  where operation_key is not null`,
    `create table ${schema}.operations (
  tenant text collate "C" not null,
  session text collate "C" not null,
  key bytea not null,
  id text collate "C" not null,
  generation bigint not null,
  fingerprint text collate "C" not null,
  first_seq bigint not null,
  version bigint not null,
  revision bigint not null,
  primary key (tenant, session, key, generation)
)`,
    `create index operations_by_version on ${schema}.operations (tenant, session, generation, version)`,
  ];
}
