-- Tables and indexes. Text is compared by bytes everywhere, as the ports order it. `set statistics 0` keeps `analyze` from
-- copying values into `pg_statistic`, where they would outlive an erasure until the table is analyzed again; no query
-- depends on them: each names the index that it goes by.

-- Every tenant that ever wrote. Upkeep goes through it; a row is never removed while others may rely on it.
create table {{schema}}.tenants (
  tenant text collate "C" primary key,
  -- The change feed may lack entries of this transaction and of those before it.
  feed_floor xid8 not null default '0'
);

-- One slot for each session id. It can be there without a session, because leases are granted before the first event, and
-- because fencing tokens only grow, also across a delete.
create table {{schema}}.sessions (
  tenant text collate "C" not null,
  session text collate "C" not null,
  -- Absent in a slot whose session has ended or has not begun.
  incarnation text collate "C",
  -- Distinguishes the incarnations of the slot, and only grows; rows of events, operations and documents carry it.
  generation bigint not null default 0,
  version bigint not null default 0,
  revision bigint not null default 0,
  first_seq bigint not null default 1,
  events bigint not null default 0,
  bytes bigint not null default 0,
  subject text collate "C",
  -- SHA-256 of the subject: index entries end at 2,704 bytes, which tenant, subject and session can exceed.
  subject_key bytea,
  -- Verbatim JSON.
  metadata text not null default '{}',
  created_at bigint not null default 0,
  -- Of a slot without a session the value that the index of last writes leaves out.
  updated_at bigint not null default -9007199254740992,
  ttl_ms bigint,
  expires_at bigint,
  -- When upkeep looks at the slot; at or before `expires_at`. Indexed, so an append does not move it.
  expiry_due bigint,
  sealed boolean not null default false,
  fence bigint not null default 0,
  -- Until when the newest fence is held; null when it was given back.
  lease_until bigint,
  -- The revision after the newest erasure, retraction or trim; 0 before the first.
  removal_revision bigint not null default 0,
  -- What those removed, see removals.sql.
  removed text not null default '',
  -- Random text of the newest write that moved the revision; and the one that the newest append found, because an update
  -- can return only what it has written.
  token text collate "C" not null default '',
  previous_token text collate "C" not null default '',
  -- The transaction of the newest write to the session or its documents, for the change feed.
  changed xid8,
  -- The greatest version that a document of the session was given. As the fence, it outlives the session.
  document_version bigint not null default 0,
  primary key (tenant, session)
) with (fillfactor = 80);

alter table {{schema}}.sessions
  alter column subject set statistics 0, alter column subject_key set statistics 0,
  alter column metadata set statistics 0, alter column token set statistics 0, alter column previous_token set statistics 0;

create index sessions_by_subject on {{schema}}.sessions (tenant, subject_key, session) where subject_key is not null;

-- Moves with each write, so that a write is not in place (HOT); docs/decisions has what it costs. The condition
-- is repeated by its own query alone, for the reason at the documents.
create index sessions_by_update on {{schema}}.sessions (tenant, updated_at, session)
  where updated_at > -9007199254740992;

create index sessions_by_expiry on {{schema}}.sessions (tenant, expiry_due) where expiry_due is not null;

create index sessions_dead on {{schema}}.sessions (tenant, generation) where incarnation is null;

create index sessions_by_change on {{schema}}.sessions (tenant, changed, session) where changed is not null;

-- Incarnations that have ended and of which something is left: rows to remove, operations to remember.
create table {{schema}}.endings (
  tenant text collate "C" not null,
  session text collate "C" not null,
  generation bigint not null,
  incarnation text collate "C" not null,
  ended_at bigint not null,
  -- True when its events and documents are removed; what is left are operations.
  purged boolean not null default false,
  primary key (tenant, session, generation)
);

create index endings_by_time on {{schema}}.endings (tenant, purged, ended_at);

create table {{schema}}.events (
  tenant text collate "C" not null,
  session text collate "C" not null,
  generation bigint not null,
  seq bigint not null,
  type text collate "C" not null,
  agent text collate "C",
  role text collate "C",
  status text collate "C",
  duration_ms double precision,
  -- The caller's time, in milliseconds.
  at bigint,
  recorded_at bigint not null,
  pinned boolean not null,
  retracted_by bigint,
  erased_at bigint,
  -- What it adds to the session's bytes; nothing for a tombstone.
  bytes bigint not null,
  -- What its content repeats. Kept by tombstones: it is no content, and leads on.
  derived_from int8multirange,
  -- The event as it was appended, as verbatim JSON; of an erased one what is left of it.
  content text not null,
  primary key (tenant, session, generation, seq)
);

alter table {{schema}}.events
  alter column agent set statistics 0, alter column role set statistics 0, alter column status set statistics 0,
  alter column duration_ms set statistics 0, alter column content set statistics 0;

create index events_by_time on {{schema}}.events (tenant, recorded_at, session, seq) where retracted_by is null;

create index events_pinned on {{schema}}.events (tenant, session, generation, seq) where pinned;

create index events_retracted on {{schema}}.events (tenant, session, generation, seq) where retracted_by is not null;

create index events_summaries on {{schema}}.events (tenant, session, generation, seq) where type = 'summary';

create index events_derived on {{schema}}.events (tenant, session, generation, seq) where derived_from is not null;

-- Entries of the change feed for documents that stand alone: see include/note-owner.sql.
create table {{schema}}.owner_changes (
  tenant text collate "C" not null,
  -- As namespace_place() returns it.
  owner bytea not null,
  changed xid8 not null,
  namespace text[] collate "C" not null,
  changed_at bigint not null,
  -- Whether the write removed documents, and perhaps the last one: upkeep looks.
  may_be_empty boolean not null,
  primary key (tenant, owner, changed)
);

alter table {{schema}}.owner_changes alter column owner set statistics 0, alter column namespace set statistics 0;

create index owner_changes_by_change on {{schema}}.owner_changes (tenant, changed, owner);

create index owner_changes_emptied on {{schema}}.owner_changes (tenant, changed_at) where may_be_empty;

-- What makes the retry of an append safe. They outlive their events, and their incarnation by a day.
create table {{schema}}.operations (
  tenant text collate "C" not null,
  session text collate "C" not null,
  -- SHA-256 of the id, because an index entry could not hold the id itself beside the address.
  key bytea not null,
  id text collate "C" not null,
  generation bigint not null,
  fingerprint text collate "C" not null,
  first_seq bigint not null,
  version bigint not null,
  revision bigint not null,
  primary key (tenant, session, key, generation)
);

alter table {{schema}}.operations
  alter column key set statistics 0, alter column id set statistics 0, alter column fingerprint set statistics 0;

-- For the export alone, which repeats the condition: to a planner that knows little of the tables it would look as good as
-- the primary key for finding one operation, and that went through all 5,000 of a session. Without the session, of which a
-- generation is nearly as selective, so that it looks no worse for what it is made for.
create index operations_by_version on {{schema}}.operations (tenant, generation, version) where version >= 0;

create table {{schema}}.documents (
  tenant text collate "C" not null,
  -- Empty for a document that stands alone: no id is.
  session text collate "C" not null,
  -- The session's, so that no document outlives its incarnation; 0 for one that stands alone.
  generation bigint not null,
  -- Core's documentSortKey in UTF-8: sorts as namespace elements and key do, and begins as the namespace does.
  place bytea not null,
  namespace text[] collate "C" not null,
  key text collate "C" not null,
  version bigint not null,
  tags text[] collate "C" not null,
  created_at bigint not null,
  updated_at bigint not null,
  expires_at bigint,
  -- Verbatim JSON, as is the metadata.
  value text collate "C" not null,
  metadata text collate "C" not null,
  -- `{ value, metadata }` for `where`; null for a large one, which is parsed when it is looked at.
  filterable jsonb,
  -- Core's searchableText of the value.
  searchable text collate "C" not null,
  -- Core's DocumentSources as JSON, and their keys in document_sources; both null for most.
  derived_from text collate "C",
  sources bytea[],
  primary key (tenant, session, generation, place)
);

alter table {{schema}}.documents
  alter column place set statistics 0, alter column namespace set statistics 0, alter column key set statistics 0,
  alter column tags set statistics 0, alter column value set statistics 0, alter column metadata set statistics 0,
  alter column filterable set statistics 0, alter column searchable set statistics 0,
  alter column derived_from set statistics 0, alter column sources set statistics 0;

-- Each index but the primary key has a condition that only its own query repeats. To a planner without statistics, as of a
-- new table or in PGlite, any index that begins with the tenant looks as good as the primary key, and each look at one
-- document would read all of its unit.
create index documents_by_time on {{schema}}.documents (tenant, updated_at, session, generation) where updated_at > 0;

create index documents_by_expiry on {{schema}}.documents (tenant, expires_at) where expires_at is not null;

-- The index by tag. Row-level security rules GIN out: its operators might tell an error's text of hidden rows.
create table {{schema}}.document_tags (
  tenant text collate "C" not null,
  session text collate "C" not null,
  generation bigint not null,
  -- As document_tag() returns it.
  tag text collate "C" not null,
  place bytea not null,
  primary key (tenant, session, generation, tag, place)
);

alter table {{schema}}.document_tags alter column tag set statistics 0, alter column place set statistics 0;

-- Which documents are derived from a source: what an erasure and a delete follow.
create table {{schema}}.document_sources (
  tenant text collate "C" not null,
  -- As document_source() returns it.
  source bytea not null,
  -- Of the document that is derived.
  session text collate "C" not null,
  generation bigint not null,
  place bytea not null,
  -- Of a session; null for a document.
  ranges int8multirange,
  primary key (tenant, source, session, generation, place)
);

alter table {{schema}}.document_sources
  alter column source set statistics 0, alter column place set statistics 0, alter column ranges set statistics 0;

-- What makes the retry of a write of documents safe, in the unit of the write: results without content.
create table {{schema}}.document_operations (
  tenant text collate "C" not null,
  session text collate "C" not null,
  -- As in owner_changes; empty in a session.
  owner bytea not null,
  -- SHA-256 of the id.
  key bytea not null,
  generation bigint not null,
  -- Core's DocumentOperationRecord as JSON.
  record text collate "C" not null,
  recorded_at bigint not null,
  primary key (tenant, session, owner, key, generation)
);

alter table {{schema}}.document_operations
  alter column owner set statistics 0, alter column key set statistics 0, alter column record set statistics 0;

create index document_operations_by_time on {{schema}}.document_operations (tenant, recorded_at) where session = '';

-- Versions that no document may get again: of those that stand alone, the greatest of all that were removed and fall into
-- the same of 64 shares. So a document that is created again has a greater version than the one before it, whatever the clock
-- says, and nothing is kept of those that are gone.
create table {{schema}}.document_versions (
  tenant text collate "C" not null,
  share smallint not null,
  version bigint not null,
  primary key (tenant, share)
) with (fillfactor = 80);
