-- Appends events in one call, and so in one round trip. Returns `appended` or `replayed` with
-- `|first seq|version|revision|token|previous token|recorded at|incarnation`, where `-` stands for no previous token and for the time of a replay, or what was refused, with the current value. Of the plans that the server
-- could make for each call, which takes longer than running them, it keeps the first.
create function {{schema}}.append(
-- #include append-parameters
  p_types text[], p_agents text[], p_roles text[], p_statuses text[], p_durations double precision[],
  p_ats bigint[], p_pinned boolean[], p_sizes bigint[], p_derived text[], p_contents text, p_retractions integer[],
  p_retracted text[]
) returns text language plpgsql set plan_cache_mode = force_generic_plan
-- #include by-index
as $body$
-- #include append-declarations
  gone int8multirange := '{}';
begin
-- #include append-head
  if p_count > 0 then
    insert into {{schema}}.events
    select p_tenant, p_session, head_generation, before + e.n, e.type, e.agent, e.role, e.status,
      e.duration, e.at, now_ms, e.pinned, null, null, e.size, e.derived::int8multirange, e.content
    from unnest(
      p_types, p_agents, p_roles, p_statuses, p_durations, p_ats, p_pinned, p_sizes, p_derived,
      string_to_array(p_contents, chr({{contentSeparator}}))
    ) with ordinality as e (type, agent, role, status, duration, at, pinned, size, derived, content, n);
  end if;
  for index in 1 .. coalesce(array_length(p_retractions, 1), 0) loop
    gone := gone + {{schema}}.retract(
      p_tenant => p_tenant, p_session => p_session, p_generation => head_generation,
      p_by => before + p_retractions[index], p_ranges => p_retracted[index]::int8multirange
    );
  end loop;
  if not isempty(gone) then
    update {{schema}}.sessions as s set
      removal_revision = head_revision, removed = {{schema}}.add_removal(s.removed, head_revision, gone)
    where s.tenant = p_tenant and s.session = p_session;
  end if;
  return concat_ws(
    '|', 'appended', before + 1, head_version, head_revision, p_token,
    case when created then '-' else found_token end, now_ms, head_incarnation
  );
end
$body$;
