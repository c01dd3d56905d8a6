-- What writes the search index. src/search/write-stream.ts decides; these read and write what it says.

-- Locks the tenant's row, which it makes when it is missing.
create function {{schema}}.lock_search(p_tenant text) returns {{schema}}.search_tenants language plpgsql
-- #include by-index
as $body$
declare known {{schema}}.search_tenants;
begin
  loop
    select * into known from {{schema}}.search_tenants as t where t.tenant = p_tenant for update;
    exit when found;
    insert into {{schema}}.search_tenants (tenant) values (p_tenant) on conflict do nothing;
  end loop;
  return known;
end
$body$;

-- Locks the tenant and returns, as JSON, its totals, the stream at the place, the chunks that a change of the range
-- touches, and the numbers of names. Of another incarnation, which the change replaces, all chunks. `p_keys` are keys of names.
create function {{schema}}.open_search_stream(
  p_tenant text, p_place text, p_incarnation text, p_after double precision, p_through double precision, p_keys text
) returns text language plpgsql
-- #include by-index
as $body$
#variable_conflict use_column
declare
  known {{schema}}.search_tenants := {{schema}}.lock_search(p_tenant);
  own {{schema}}.search_streams;
  at bytea := decode(p_place, 'hex');
  begins double precision;
begin
  select * into own from {{schema}}.search_streams as s where s.tenant = p_tenant and s.place = at;
  if own.incarnation <> p_incarnation then
    p_after := '-infinity';
    p_through := 'infinity';
  end if;
  -- The chunk that the range begins in, or behind.
  select max(c.first) into begins from {{schema}}.search_chunks as c
  where c.tenant = p_tenant and c.stream = own.stream and c.first <= p_after;
  return json_build_object(
    'tenant', json_build_object(
      'nextItem', known.next_item, 'nextStream', known.next_stream, 'nextName', known.next_name, 'items', known.items,
      'streams', known.streams, 'length', known.length, 'languages', known.languages::json
    ),
    'stream', case when own.stream is not null then json_build_object(
      'number', own.stream, 'incarnation', own.incarnation, 'revision', own.revision, 'language', own.language,
      'items', own.items, 'length', own.length, 'nextChunk', own.next_chunk
    ) end,
    'chunks', (
      select json_agg(json_build_array(c.chunk, encode(c.facts, 'hex'))) from {{schema}}.search_chunks as c
      where c.tenant = p_tenant and c.stream = own.stream and c.first < p_through + 1 and (c.last > p_after or c.first = begins)
    ),
    'names', (
      select json_agg(json_build_array(k.n - 1, n.name))
      from (
        select decode(k.key, 'hex') as key, k.n from json_array_elements_text(p_keys::json) with ordinality as k (key, n)
        offset 0
      ) as k
      cross join lateral (
        select n.name from {{schema}}.search_names as n where n.tenant = p_tenant and n.key = k.key offset 0
      ) as n
    )
  )::text;
end
$body$;

-- The postings that have an entry of these items, as JSON.
create function {{schema}}.read_search_postings(p_tenant text, p_stream integer, p_items text) returns text
language plpgsql stable
-- #include by-index
as $body$
#variable_conflict use_column
begin
  return (
    select json_agg(json_build_array(
      encode(p.term, 'hex'), p.block, encode(p.entries, 'hex'), array_to_json(p.streams)
    ))
    from (
      select distinct t.term, w.item >> {{blockBits}} as block
      from (
        select i.item::integer as item from json_array_elements_text(p_items::json) as i (item) offset 0
      ) as w
      cross join lateral (
        select i.terms from {{schema}}.search_items as i
        where i.tenant = p_tenant and i.stream = p_stream and i.item = w.item offset 0
      ) as i
      cross join lateral unnest(i.terms) as t (term)
      offset 0
    ) as w
    cross join lateral (
      select p.term, p.block, p.entries, p.streams from {{schema}}.search_postings as p
      where p.tenant = p_tenant and p.term = w.term and p.block = w.block offset 0
    ) as p
  )::text;
end
$body$;

-- Writes what src/search/write-stream.ts has made of a change. The tenant is locked.
create function {{schema}}.write_search_stream(p_tenant text, p_stream integer, p_change text) returns void language plpgsql
-- #include by-index
as $body$
#variable_conflict use_column
declare
  change json := p_change::json;
  -- Another incarnation takes nothing over.
  anew boolean := (change ->> 'anew')::boolean;
  new_version bigint;
begin
  update {{schema}}.search_tenants as t set
    version = t.version + 1,
    removed_version = case when change ->> 'stream' is null then t.version + 1 else t.removed_version end,
    next_item = n.next_item, next_stream = n.next_stream, next_name = n.next_name, items = n.items, streams = n.streams,
    length = n.length, languages = n.languages
  from json_to_record(change -> 'tenant') as n (
    next_item integer, next_stream integer, next_name integer, items integer, streams integer, length bigint, languages text
  )
  where t.tenant = p_tenant returning t.version into new_version;

  if change ->> 'stream' is null then
    delete from {{schema}}.search_streams as s where s.tenant = p_tenant and s.stream = p_stream;
    delete from {{schema}}.search_chunks as c where c.tenant = p_tenant and c.stream = p_stream;
    delete from {{schema}}.search_items as i where i.tenant = p_tenant and i.stream = p_stream;
  else
    delete from {{schema}}.search_chunks as c
    using (select d.chunk::integer as chunk from json_array_elements_text(change -> 'removedChunks') as d (chunk) offset 0) as d
    where c.tenant = p_tenant and c.stream = p_stream and c.chunk = d.chunk;
    insert into {{schema}}.search_chunks (
      tenant, stream, chunk, first, last, at_from, at_through, about_from, about_through, version, facts
    )
    select p_tenant, p_stream, n.chunk, n.first, n.last, n.at_from, n.at_through, n.about_from, n.about_through, new_version,
      decode(n.facts, 'hex')
    from json_to_recordset(change -> 'chunks') as n (
      chunk integer, first double precision, last double precision, at_from bigint, at_through bigint,
      about_from double precision, about_through double precision, facts text
    )
    on conflict (tenant, stream, chunk) do update set
      first = excluded.first, last = excluded.last, at_from = excluded.at_from, at_through = excluded.at_through,
      about_from = excluded.about_from, about_through = excluded.about_through,
      version = excluded.version, facts = excluded.facts;

    delete from {{schema}}.search_items as i
    using (select d.item::integer as item from json_array_elements_text(change -> 'removedItems') as d (item) offset 0) as d
    where i.tenant = p_tenant and i.stream = p_stream and i.item = d.item;
    insert into {{schema}}.search_items (tenant, stream, item, terms, details, at, agent)
    select p_tenant, p_stream, n.item,
      array(select decode(t.term, 'hex') from json_array_elements_text(n.terms) as t (term)), n.details, n.at, n.agent
    from json_to_recordset(change -> 'items') as n (
      item integer, terms json, details text, at bigint, agent integer
    );

    insert into {{schema}}.search_streams as s (
      tenant, stream, place, name, language, subject, progress, incarnation, revision, items, length, next_chunk,
      version, at_from, at_through, about_from, about_through
    )
    select p_tenant, p_stream, decode(n.place, 'hex'), n.name, n.language, n.subject, n.progress, n.incarnation, n.revision,
      n.items, n.length, n.next_chunk, new_version, h.at_from, h.at_through, h.about_from, h.about_through
    from json_to_record(change -> 'stream') as n (
      place text, name text, language text, subject text, progress text, incarnation text, revision bigint, items integer,
      length bigint, next_chunk integer
    )
    cross join lateral (
      select min(c.at_from) as at_from, max(c.at_through) as at_through, min(c.about_from) as about_from,
        max(c.about_through) as about_through
      from {{schema}}.search_chunks as c where c.tenant = p_tenant and c.stream = p_stream
      offset 0
    ) as h
    on conflict (tenant, stream) do update set
      language = case when anew then excluded.language else coalesce(excluded.language, s.language) end,
      subject = case when anew then excluded.subject else coalesce(excluded.subject, s.subject) end,
      progress = case when anew then excluded.progress else coalesce(excluded.progress, s.progress) end,
      name = excluded.name, incarnation = excluded.incarnation, revision = excluded.revision, items = excluded.items,
      length = excluded.length, next_chunk = excluded.next_chunk,
      version = excluded.version, at_from = excluded.at_from,
      at_through = excluded.at_through, about_from = excluded.about_from, about_through = excluded.about_through;
  end if;

  -- What has lost entries, then what gets some.
  update {{schema}}.search_postings as p set entries = n.entries, streams = n.streams
  from (
    select decode(n.term, 'hex') as term, n.block, decode(n.entries, 'hex') as entries,
      array(select s.stream::integer from json_array_elements_text(n.streams) as s (stream)) as streams
    from json_to_recordset(change -> 'kept') as n (term text, block integer, entries text, streams json)
    offset 0
  ) as n
  where p.tenant = p_tenant and p.term = n.term and p.block = n.block;
  delete from {{schema}}.search_postings as p
  using (
    select decode(n.term, 'hex') as term, n.block
    from json_to_recordset(change -> 'emptied') as n (term text, block integer)
    offset 0
  ) as n
  where p.tenant = p_tenant and p.term = n.term and p.block = n.block;
  insert into {{schema}}.search_postings as p (tenant, term, block, entries, streams)
  select p_tenant, decode(n.term, 'hex'), n.block, decode(n.entries, 'hex'), array_fill(p_stream, array[n.count])
  from json_to_recordset(change -> 'added') as n (term text, block integer, entries text, count integer)
  on conflict (tenant, term, block) do update set
    entries = p.entries || excluded.entries, streams = p.streams || excluded.streams;

  insert into {{schema}}.search_terms (tenant, term, backwards, units, whole)
  select p_tenant, decode(n.term, 'hex'), decode(n.backwards, 'hex'), n.units, decode(n.whole, 'hex')
  from json_to_recordset(change -> 'terms') as n (term text, backwards text, units integer, whole text)
  on conflict do nothing;
  delete from {{schema}}.search_terms as t
  using (
    select distinct decode(n.term, 'hex') as term from json_to_recordset(change -> 'emptied') as n (term text) offset 0
  ) as n
  where t.tenant = p_tenant and t.term = n.term and not exists (
    select from {{schema}}.search_postings as p where p.tenant = p_tenant and p.term = n.term
  );

  if exists (
    select from json_to_recordset(change -> 'usedNames') as n (name integer, said integer)
    where n.said > 0 and not exists (
      select from {{schema}}.search_names as m where m.tenant = p_tenant and m.name = n.name and m.said > 0
    )
  ) or exists (
    select from json_to_recordset(change -> 'freedNames') as n (name integer, said integer) where n.said > 0
  ) then
    update {{schema}}.search_tenants as t set speakers_version = new_version where t.tenant = p_tenant;
  end if;
  insert into {{schema}}.search_names as m (tenant, key, name, said, others)
  select p_tenant, decode(n.key, 'hex'), n.name, n.said, n.others
  from json_to_recordset(change -> 'usedNames') as n (key text, name integer, said integer, others integer)
  on conflict (tenant, key) do update set said = m.said + excluded.said, others = m.others + excluded.others;
  update {{schema}}.search_names as m set said = m.said - n.said, others = m.others - n.others
  from (
    select * from json_to_recordset(change -> 'freedNames') as n (name integer, said integer, others integer) offset 0
  ) as n
  where m.tenant = p_tenant and m.name = n.name;
  delete from {{schema}}.search_names as m
  using (select n.name from json_to_recordset(change -> 'freedNames') as n (name integer) offset 0) as n
  where m.tenant = p_tenant and m.name = n.name and m.said <= 0 and m.others <= 0;
end
$body$;

create function {{schema}}.mark_search(p_tenant text, p_lock_ms text, p_mark text) returns void language plpgsql
-- #include by-index
as $body$
begin
-- #include set-tenant
  insert into {{schema}}.search_tenants as t (tenant, mark) values (p_tenant, p_mark)
  on conflict (tenant) do update set mark = excluded.mark;
end
$body$;

-- Removes all of a tenant, and returns how many items it had.
create function {{schema}}.clear_search(p_tenant text, p_lock_ms text) returns text language plpgsql
-- #include by-index
as $body$
declare
  known {{schema}}.search_tenants;
begin
-- #include set-tenant
  known := {{schema}}.lock_search(p_tenant);
  delete from {{schema}}.search_streams as s where s.tenant = p_tenant;
  delete from {{schema}}.search_chunks as c where c.tenant = p_tenant;
  delete from {{schema}}.search_items as i where i.tenant = p_tenant;
  delete from {{schema}}.search_postings as p where p.tenant = p_tenant;
  delete from {{schema}}.search_terms as t where t.tenant = p_tenant;
  delete from {{schema}}.search_names as n where n.tenant = p_tenant;
  delete from {{schema}}.search_tenants as t where t.tenant = p_tenant;
  return known.items::text;
end
$body$;
