-- The tables of the search index. A writer locks the row of its tenant in search_tenants first, so those of one tenant come
-- one after the other, and the totals in it are exact.

create table {{schema}}.search_tenants (
  tenant text collate "C" primary key,
  -- The numbers that the next item, stream and name get. A name stands for a speaker, an agent or a person named.
  next_item integer not null default 0,
  next_stream integer not null default 0,
  next_name integer not null default 0,
  items integer not null default 0,
  -- Those that have items.
  streams integer not null default 0,
  -- The sum of the counts of all terms.
  length bigint not null default 0,
  -- Moves with each change. It starts at the time, so that it only grows when a tenant begins again.
  version bigint not null default {{nowUs}},
  -- The version that last removed a stream, and the one that last changed who is a speaker.
  removed_version bigint not null default {{nowUs}},
  speakers_version bigint not null default {{nowUs}},
  -- How many streams with items are of each language, as JSON.
  languages text not null default '{}',
  -- Verbatim JSON of the writer.
  mark text
) with (fillfactor = 50);

alter table {{schema}}.search_tenants alter column languages set statistics 0, alter column mark set statistics 0;

create table {{schema}}.search_streams (
  tenant text collate "C" not null,
  stream integer not null,
  -- Core's searchStreamKey in UTF-8.
  place bytea not null,
  -- The stream, its language, the owner of its session and the writer's progress, as JSON.
  name text not null,
  language text,
  subject text,
  progress text,
  incarnation text collate "C" not null,
  revision bigint not null,
  items integer not null,
  length bigint not null,
  next_chunk integer not null,
  -- The tenant's with the newest change of the stream.
  version bigint not null,
  -- Of all its chunks; null without items.
  at_from bigint,
  at_through bigint,
  about_from double precision,
  about_through double precision,
  primary key (tenant, stream)
) with (fillfactor = 80);

alter table {{schema}}.search_streams
  alter column place set statistics 0, alter column name set statistics 0, alter column language set statistics 0,
  alter column subject set statistics 0, alter column progress set statistics 0, alter column incarnation set statistics 0;

create unique index search_streams_by_place on {{schema}}.search_streams (tenant, place);

create index search_streams_by_version on {{schema}}.search_streams (tenant, version);

create index search_streams_by_first_time on {{schema}}.search_streams (tenant, at_from) where at_from is not null;

create index search_streams_by_last_time on {{schema}}.search_streams (tenant, at_through) where at_through is not null;

-- The facts of up to 256 items of a stream that follow each other, in the form of src/search/facts.ts: what a reading needs
-- of each item of the streams that it looks at.
create table {{schema}}.search_chunks (
  tenant text collate "C" not null,
  stream integer not null,
  chunk integer not null,
  -- The positions of its first and last item.
  first double precision not null,
  last double precision not null,
  -- The earliest and the latest time at which an item was said; and of these and the times that items are about.
  at_from bigint not null,
  at_through bigint not null,
  about_from double precision not null,
  about_through double precision not null,
  version bigint not null,
  facts bytea not null,
  primary key (tenant, stream, chunk)
) with (fillfactor = 80);

alter table {{schema}}.search_chunks alter column facts set statistics 0;
alter table {{schema}}.search_chunks alter column facts set storage external;

-- What is needed of an item alone: to remove it, and to filter by its metadata.
create table {{schema}}.search_items (
  tenant text collate "C" not null,
  stream integer not null,
  item integer not null,
  -- The keys of its terms.
  terms bytea[] not null,
  -- Its metadata and value as JSON; null without.
  details text,
  -- For the nearest by vector.
  at bigint not null,
  agent integer not null,
  primary key (tenant, stream, item)
);

alter table {{schema}}.search_items alter column terms set statistics 0, alter column details set statistics 0;

-- Which items hold a term: one row for each 4,096 numbers of items, so that a row is found again by the number of an item.
create table {{schema}}.search_postings (
  tenant text collate "C" not null,
  -- As termKey of src/search/keys.ts makes it.
  term bytea not null,
  block integer not null,
  -- For each item that holds it the number within the block and the counts, 16 bits each.
  entries bytea not null,
  -- For each of these the number of its stream.
  streams integer[] not null,
  primary key (tenant, term, block)
) with (fillfactor = 80);

alter table {{schema}}.search_postings
  alter column term set statistics 0, alter column entries set statistics 0, alter column streams set statistics 0;
alter table {{schema}}.search_postings alter column entries set storage external;

-- All terms that an item holds, for words that none holds.
create table {{schema}}.search_terms (
  tenant text collate "C" not null,
  term bytea not null,
  -- The end of the term, from its last unit on.
  backwards bytea not null,
  units integer not null,
  -- The whole term where the key is a part of it.
  whole bytea,
  primary key (tenant, term)
);

alter table {{schema}}.search_terms
  alter column term set statistics 0, alter column backwards set statistics 0, alter column whole set statistics 0;

create index search_terms_backwards on {{schema}}.search_terms (tenant, backwards);

create table {{schema}}.search_names (
  tenant text collate "C" not null,
  -- SHA-256 of the name.
  key bytea not null,
  name integer not null,
  -- How many items it has said, and how many have it otherwise.
  said integer not null,
  others integer not null,
  primary key (tenant, key)
) with (fillfactor = 80);

alter table {{schema}}.search_names alter column key set statistics 0;

create unique index search_names_by_number on {{schema}}.search_names (tenant, name);

create index search_names_of_speakers on {{schema}}.search_names (tenant, name) where said > 0;
