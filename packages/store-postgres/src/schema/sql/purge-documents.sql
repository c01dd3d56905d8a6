-- What removes documents that nobody sees any more. Both expect the tenant to be set, and return how many they removed.

-- At most so many of a tenant whose own time is over, of sessions and standing alone.
create function {{schema}}.expire_documents(p_tenant text, p_limit bigint) returns bigint
language plpgsql set search_path = pg_catalog, pg_temp as $body$
declare
  chosen record;
  -- A value: compared with the clock itself, which may change from row to row, no index helps.
  now_ms bigint := {{nowMs}};
  removed bigint := 0;
begin
  -- What another writer is about to change is left to the next time, so that upkeep never waits and is in no circle.
  for chosen in
    with due as materialized (
      select d.session, d.generation, d.place from {{schema}}.documents as d
      where d.tenant = p_tenant and d.expires_at <= now_ms
      order by d.expires_at limit p_limit for update skip locked
    )
    select u.session, u.generation, array_agg(u.place) as places from due as u
    group by u.session, u.generation order by u.session, u.generation
  loop
    perform {{schema}}.remove_documents(
      p_tenant => p_tenant, p_session => chosen.session, p_generation => chosen.generation, p_places => chosen.places,
      p_now_ms => 0
    );
    if chosen.session <> '' then
      perform {{schema}}.note_session(p_tenant => p_tenant, p_session => chosen.session);
    end if;
    removed := removed + cardinality(chosen.places);
  end loop;
  return removed;
end
$body$;

-- At most so many of a session's incarnation that has ended.
create function {{schema}}.purge_documents(p_tenant text, p_session text, p_generation bigint, p_limit bigint)
returns bigint language plpgsql set search_path = pg_catalog, pg_temp as $body$
declare places bytea[];
begin
  places := array(
    select d.place from {{schema}}.documents as d
    where d.tenant = p_tenant and d.session = p_session and d.generation = p_generation
    order by d.place limit p_limit for update
  );
  perform {{schema}}.remove_documents(
    p_tenant => p_tenant, p_session => p_session, p_generation => p_generation, p_places => places, p_now_ms => 0
  );
  return cardinality(places);
end
$body$;
