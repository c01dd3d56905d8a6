-- Functions of one expression are stable, as the least stable function in them is: declared immutable they would not be
-- inlined, and each call of one costs as much as a look-up.

-- A tag as its index holds it. Together with an address a long one would not fit an index entry of 2,704 bytes, so its
-- digest stands for it: 131 bytes, which no tag is that stands for itself.
create function {{schema}}.document_tag(p_tag text) returns text
language sql stable parallel safe
return case when octet_length(p_tag) <= 128 then p_tag else encode(sha512(convert_to(p_tag, 'UTF8')), 'hex') || '…' end;

create function {{schema}}.document_share(p_place bytea) returns smallint
language sql immutable parallel safe return (get_byte(sha256(p_place), 0) & 63)::smallint;

-- What an operation remembers of a document, as core's DocumentOperationRecord has it.
create function {{schema}}.put_record(p_version bigint, p_created_at bigint, p_updated_at bigint, p_expires_at bigint)
returns text language sql stable parallel safe
return json_strip_nulls(json_build_object(
  'version', p_version, 'createdAt', p_created_at, 'updatedAt', p_updated_at, 'expiresAt', p_expires_at
))::text;

create function {{schema}}.change_tags(
  p_tenant text, p_session text, p_generation bigint, p_place bytea, p_old text[], p_new text[]
) returns void language plpgsql
-- #include by-index
as $body$
declare
  old_tag text;
begin
  foreach old_tag in array p_old loop
    if old_tag <> all (p_new) then
      delete from {{schema}}.document_tags as t
      where t.tenant = p_tenant and t.session = p_session and t.generation = p_generation
        and t.tag = {{schema}}.document_tag(old_tag) and t.place = p_place;
    end if;
  end loop;
  insert into {{schema}}.document_tags (tenant, session, generation, tag, place)
  select p_tenant, p_session, p_generation, {{schema}}.document_tag(n.tag), p_place
  from unnest(p_new) as n (tag) where n.tag <> all (p_old);
end
$body$;

-- The key of what documents are derived from: a document, or an incarnation of a session.
create function {{schema}}.document_source(p_session text, p_place bytea, p_incarnation text) returns bytea
language sql stable parallel safe return sha256(
  convert_to(p_session, 'UTF8')
  || coalesce(decode('0001', 'hex') || p_place, decode('0002', 'hex') || convert_to(p_incarnation, 'UTF8'))
);

create function {{schema}}.change_sources(
  p_tenant text, p_session text, p_generation bigint, p_place bytea, p_old bytea[], p_new json
) returns void language plpgsql
-- #include by-index
as $body$
declare
  old_source bytea;
begin
  foreach old_source in array coalesce(p_old, '{}') loop
    delete from {{schema}}.document_sources as o
    where o.tenant = p_tenant and o.source = old_source and o.session = p_session and o.generation = p_generation
      and o.place = p_place;
  end loop;
  insert into {{schema}}.document_sources (tenant, source, session, generation, place, ranges)
  select p_tenant, {{schema}}.document_source(n.session, decode(n.place, 'hex'), n.incarnation), p_session, p_generation,
    p_place, n.ranges::int8multirange
  from json_to_recordset(p_new) as n (session text, place text, incarnation text, ranges text)
  on conflict do nothing;
end
$body$;

-- Removes documents that are locked, with their tags and sources, and remembers what their versions were. Returns how many of them
-- could be seen at that time.
create function {{schema}}.remove_documents(
  p_tenant text, p_session text, p_generation bigint, p_places bytea[], p_now_ms bigint
) returns bigint language plpgsql
-- #include by-index
as $body$
declare
  part record;
  gone record;
  seen bigint := 0;
  owners text[] := '{}';
begin
  -- Everyone takes the shares in their order.
  for part in
    select o.place, {{schema}}.document_share(o.place) as share from unnest(p_places) as o (place) order by share
  loop
    delete from {{schema}}.documents as d
    where d.tenant = p_tenant and d.session = p_session and d.generation = p_generation and d.place = part.place
    returning d.tags, d.sources, d.version, d.expires_at, array_to_json(d.namespace[:2])::text as owner into gone;
    if not found then continue; end if;
    if gone.expires_at is null or gone.expires_at > p_now_ms then seen := seen + 1; end if;
    if gone.tags <> '{}' then
      perform {{schema}}.change_tags(
        p_tenant => p_tenant, p_session => p_session, p_generation => p_generation, p_place => part.place,
        p_old => gone.tags, p_new => '{}'
      );
    end if;
    if gone.sources is not null then
      perform {{schema}}.change_sources(
        p_tenant => p_tenant, p_session => p_session, p_generation => p_generation, p_place => part.place,
        p_old => gone.sources, p_new => null
      );
    end if;
    if p_session = '' then
      if gone.owner <> all (owners) then owners := owners || gone.owner; end if;
      insert into {{schema}}.document_versions as v (tenant, share, version) values (p_tenant, part.share, gone.version)
      on conflict (tenant, share) do update set version = excluded.version where v.version < excluded.version;
    end if;
  end loop;
  for part in select o.owner from unnest(owners) as o (owner) loop
    perform {{schema}}.note_owner(
      p_tenant => p_tenant, p_namespace => array(select json_array_elements_text(part.owner::json))
    );
  end loop;
  return seen;
end
$body$;
