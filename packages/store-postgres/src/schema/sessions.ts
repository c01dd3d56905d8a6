import { nowMs, pinnedPath, quoteBody, withoutStatistics } from "./sql-text.ts";

/** As the tables are read by queries that Kysely builds. `bigint` columns: `asText` in results. */
export interface SessionTables {
  /** Every tenant that ever wrote. Upkeep goes through it; a row is never removed while others may rely on it. */
  tenants: { tenant: string };
  /**
   * One slot for each session id. It can be there without a session, because leases are granted before the first
   * event, and because fencing tokens only grow, also across a delete.
   */
  sessions: {
    tenant: string;
    session: string;
    /** Absent in a slot whose session has ended or has not begun. */
    incarnation: string | null;
    /** Counts the incarnations of the slot; rows of events, operations and documents carry it. 0 before the first. */
    generation: number;
    version: number;
    revision: number;
    /** The revision after the newest erasure, retraction or trim; 0 before the first. */
    removal_revision: number;
    /** What those took out, see `removals.ts`. */
    removed: string;
    first_seq: number;
    events: number;
    bytes: number;
    subject: string | null;
    /** SHA-256 of the subject: index entries end at 2,704 bytes, which tenant, subject and session can pass. */
    subject_key: Uint8Array | null;
    /** Verbatim JSON. */
    metadata: string;
    created_at: number;
    updated_at: number;
    ttl_ms: number | null;
    expires_at: number | null;
    /** When upkeep looks at the slot; at or before `expires_at`. Indexed, so an append does not move it. */
    expiry_due: number | null;
    sealed: boolean;
    fence: number;
    /** Until when the newest fence is held; null when it was given back. */
    lease_until: number | null;
  };
  /** Incarnations that have ended and of which something is left: rows to remove, operations to remember. */
  endings: {
    tenant: string;
    session: string;
    generation: number;
    incarnation: string;
    ended_at: number;
    /** True when its events and documents are removed; what is left are operations. */
    purged: boolean;
  };
}

/** Tables of sessions. Text is compared by bytes everywhere, as the ports order it. */
export function sessionTables(schema: string): readonly string[] {
  return [
    `create table ${schema}.tenants (
  tenant text collate "C" primary key
)`,
    `create table ${schema}.sessions (
  tenant text collate "C" not null,
  session text collate "C" not null,
  incarnation text collate "C",
  generation bigint not null default 0,
  version bigint not null default 0,
  revision bigint not null default 0,
  first_seq bigint not null default 1,
  events bigint not null default 0,
  bytes bigint not null default 0,
  subject text collate "C",
  subject_key bytea,
  metadata text not null default '{}',
  created_at bigint not null default 0,
  updated_at bigint not null default 0,
  ttl_ms bigint,
  expires_at bigint,
  expiry_due bigint,
  sealed boolean not null default false,
  fence bigint not null default 0,
  lease_until bigint,
  removal_revision bigint not null default 0,
  removed text not null default '',
  primary key (tenant, session)
) with (fillfactor = 80)`,
    withoutStatistics(`${schema}.sessions`, ["subject", "subject_key", "metadata"]),
    `create index sessions_by_subject on ${schema}.sessions (tenant, subject_key, session) where subject_key is not null`,
    `create index sessions_by_expiry on ${schema}.sessions (tenant, expiry_due) where expiry_due is not null`,
    `create index sessions_dead on ${schema}.sessions (tenant, generation) where incarnation is null`,
    `create table ${schema}.endings (
  tenant text collate "C" not null,
  session text collate "C" not null,
  generation bigint not null,
  incarnation text collate "C" not null,
  ended_at bigint not null,
  purged boolean not null default false,
  primary key (tenant, session, generation)
)`,
    `create index endings_by_time on ${schema}.endings (tenant, purged, ended_at)`,
  ];
}

/**
 * What every write to a session is made of. `lock_session` orders the writers of a slot; whoever called it decides
 * on what it returns, and calls `start_session` when there is none.
 */
export function sessionFunctions(schema: string): readonly string[] {
  return [
    // Locks the slot and returns it as it is now: one whose session has expired or ended has no incarnation. Null when
    // there is no slot. Read the clock after it, not before.
    `create function ${schema}.lock_session(p_tenant text, p_session text) returns ${schema}.sessions
language plpgsql ${pinnedPath} as ${quoteBody(`
declare slot ${schema}.sessions;
begin
  select * into slot from ${schema}.sessions as s where s.tenant = p_tenant and s.session = p_session for update;
  if slot.incarnation is not null and slot.expires_at <= ${nowMs} then slot.incarnation := null; end if;
  return slot;
end`)}`,
    // Gives the slot a new incarnation at version 0, and records the end of the one that had expired. Call it while the
    // slot is locked or absent. When another made the slot meanwhile, the whole transaction is to be repeated.
    `create function ${schema}.start_session(
  p_tenant text, p_session text, p_incarnation text, p_subject text, p_metadata text, p_ttl_ms bigint
) returns ${schema}.sessions
language plpgsql ${pinnedPath} as ${quoteBody(`
declare
  slot ${schema}.sessions;
  now_ms bigint;
begin
  insert into ${schema}.tenants (tenant) values (p_tenant) on conflict do nothing;
  select * into slot from ${schema}.sessions as s where s.tenant = p_tenant and s.session = p_session for update;
  now_ms := ${nowMs};
  if not found then
    -- The generation never falls, also when a slot is purged: it begins at the time.
    insert into ${schema}.sessions (
      tenant, session, incarnation, generation, subject, subject_key, metadata, created_at, updated_at, ttl_ms, expires_at, expiry_due
    ) values (
      p_tenant, p_session, p_incarnation, now_ms * 1000, p_subject, sha256(convert_to(p_subject, 'UTF8')), p_metadata, now_ms, now_ms, p_ttl_ms,
      now_ms + p_ttl_ms, now_ms + p_ttl_ms
    ) on conflict do nothing returning * into slot;
    if not found then
      raise exception 'the session was created meanwhile' using errcode = 'serialization_failure';
    end if;
    return slot;
  end if;
  if slot.incarnation is not null then
    if slot.expires_at is null or slot.expires_at > now_ms then
      raise exception 'the session was created meanwhile' using errcode = 'serialization_failure';
    end if;
    insert into ${schema}.endings (tenant, session, generation, incarnation, ended_at)
    values (p_tenant, p_session, slot.generation, slot.incarnation, now_ms);
  end if;
  update ${schema}.sessions as s set
    incarnation = p_incarnation, generation = greatest(s.generation + 1, now_ms * 1000),
    version = 0, revision = 0, removal_revision = 0, removed = '', first_seq = 1, events = 0, bytes = 0, sealed = false,
    subject = p_subject, subject_key = sha256(convert_to(p_subject, 'UTF8')), metadata = p_metadata, created_at = now_ms, updated_at = now_ms,
    ttl_ms = p_ttl_ms, expires_at = now_ms + p_ttl_ms, expiry_due = now_ms + p_ttl_ms
  where s.tenant = p_tenant and s.session = p_session returning * into slot;
  return slot;
end`)}`,
  ];
}
