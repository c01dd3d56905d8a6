-- Sessions in the order of their ids, at most one more than asked for. `r_edge` marks the slot beyond which the call did
-- not look; it may be no session.
create function {{schema}}.list_sessions(
  p_tenant text, p_limit bigint, p_after text, p_prefix text, p_subject text, p_idle bigint
) returns table (r_session {{schema}}.sessions, r_listed boolean, r_edge boolean)
language plpgsql stable set plan_cache_mode = force_generic_plan
-- #include in-order
as $body$
declare
  slot {{schema}}.sessions;
  looked bigint := 0;
  listed bigint := 0;
  wanted bytea := sha256(convert_to(p_subject, 'UTF8'));
begin
  perform set_config('relevo.tenant', p_tenant, true);
  if p_subject is null then
    for slot in
      select s.* from {{schema}}.sessions as s
      where s.tenant = p_tenant and s.session > p_after and s.session >= p_prefix
      order by s.session limit p_limit + {{lookBudget}}
    loop
-- #include list-slot
    end loop;
  else
    for slot in
      select s.* from {{schema}}.sessions as s
      where s.tenant = p_tenant and s.session > p_after and s.session >= p_prefix
        and s.subject_key = wanted and s.subject_key is not null
      order by s.session limit p_limit + {{lookBudget}}
    loop
-- #include list-slot
    end loop;
  end if;
end
$body$;
