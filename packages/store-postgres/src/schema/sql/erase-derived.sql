-- At most so many documents that are derived from one of the sources, each once. With ranges, from one of these events.
create function {{schema}}.find_derived(
  p_tenant text, p_session text, p_lock_ms text, p_sources text, p_ranges text, p_limit bigint
) returns table (r_session text, r_generation bigint, r_place text) language plpgsql
-- #include by-index
as $body$
declare
  wanted int8multirange := p_ranges::int8multirange;
  part record;
  found_one record;
  left_over bigint := p_limit;
  seen bytea[] := '{}';
  id bytea;
begin
-- #include set-tenant
  for part in
    select {{schema}}.document_source(n.session, decode(n.place, 'hex'), n.incarnation) as source
    from json_to_recordset(p_sources::json) as n (session text, place text, incarnation text)
  loop
    for found_one in
      select d.session, d.generation, d.place from {{schema}}.document_sources as d
      where d.tenant = p_tenant and d.source = part.source and (wanted is null or d.ranges && wanted)
      order by d.session, d.generation, d.place limit p_limit
    loop
      exit when left_over = 0;
      id := sha256(convert_to(found_one.session || ' ' || found_one.generation || ' ', 'UTF8') || found_one.place);
      continue when id = any (seen);
      seen := seen || id;
      left_over := left_over - 1;
      r_session := found_one.session;
      r_generation := found_one.generation;
      r_place := encode(found_one.place, 'hex');
      return next;
    end loop;
  end loop;
end
$body$;

-- Removes those documents of one unit that are still derived from one of the sources, whatever seals or fences say. Returns
-- as JSON which of them readers could have seen: none of a session that has ended.
create function {{schema}}.erase_derived(
  p_tenant text, p_session text, p_lock_ms text, p_generation bigint, p_places text, p_sources text, p_ranges text
) returns text language plpgsql
-- #include by-index
as $body$
declare
  slot {{schema}}.sessions;
  wanted int8multirange := p_ranges::int8multirange;
  keys bytea[] := array(
    select {{schema}}.document_source(n.session, decode(n.place, 'hex'), n.incarnation)
    from json_to_recordset(p_sources::json) as n (session text, place text, incarnation text)
  );
  chosen bytea[] := '{}';
  part record;
begin
-- #include set-tenant
  if p_session <> '' then
    slot := {{schema}}.lock_session(p_tenant => p_tenant, p_session => p_session);
  end if;
  for part in
    select decode(o.place, 'hex') as place from json_array_elements_text(p_places::json) as o (place) order by 1
  loop
    perform from {{schema}}.documents as d
    where d.tenant = p_tenant and d.session = p_session and d.generation = p_generation and d.place = part.place for update;
    if found and exists (
      select from {{schema}}.document_sources as d
      where d.tenant = p_tenant and d.source = any (keys) and d.session = p_session and d.generation = p_generation
        and d.place = part.place and (wanted is null or d.ranges && wanted)
    ) then
      chosen := chosen || part.place;
    end if;
  end loop;
  perform {{schema}}.remove_documents(
    p_tenant => p_tenant, p_session => p_session, p_generation => p_generation, p_places => chosen, p_now_ms => 0
  );
  if p_session <> '' then
    if slot.incarnation is null or slot.generation <> p_generation then return '[]'; end if;
    if chosen <> '{}' then perform {{schema}}.note_session(p_tenant => p_tenant, p_session => p_session); end if;
  end if;
  return array_to_json(array(select encode(c.place, 'hex') from unnest(chosen) as c (place)))::text;
end
$body$;
