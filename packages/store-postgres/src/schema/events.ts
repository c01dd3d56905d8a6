import { withoutStatistics } from "./sql-text.ts";

/** As the tables are read by queries that Kysely builds. `bigint` columns: `asText` in results. */
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
    /** The event as it was appended, as verbatim JSON; of an erased one what is left of it. */
    content: string;
  };
  /** What makes the retry of an append safe. They outlive their events, and their incarnation by a day. */
  operations: {
    tenant: string;
    session: string;
    generation: number;
    /** SHA-256 of the id, because an index entry could not hold the id itself beside the address. */
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
  content text not null,
  primary key (tenant, session, generation, seq)
)`,
    withoutStatistics(`${schema}.events`, ["agent", "role", "status", "duration_ms", "content"]),
    `create index events_by_time on ${schema}.events (tenant, recorded_at, session, seq) where retracted_by is null`,
    `create index events_pinned on ${schema}.events (tenant, session, generation, seq) where pinned`,
    `create index events_retracted on ${schema}.events (tenant, session, generation, seq) where retracted_by is not null`,
    `create index events_derived on ${schema}.events (tenant, session, generation, seq) where derived_from is not null`,
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
    withoutStatistics(`${schema}.operations`, ["key", "id", "fingerprint"]),
    // For the export alone, which repeats the condition: to a planner that knows little of the tables it would look as
    // good as the primary key for finding one operation, and that went through all 5,000 of a session. Without the
    // session, of which a generation is nearly as telling, so that it looks no worse for what it is made for.
    `create index operations_by_version on ${schema}.operations (tenant, generation, version) where version >= 0`,
  ];
}
