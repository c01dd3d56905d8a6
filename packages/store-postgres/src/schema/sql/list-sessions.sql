-- #define from = s.session > p_after and s.session >= p_prefix
-- #define upTo = s.session < p_after and s.session < high
-- #define hasSubject =  and s.subject_key = wanted and s.subject_key is not null
-- #define ofSubject = (select s.* from {{schema}}.sessions as s where s.tenant = p_tenant and s.subject_key = wanted and s.subject_key is not null offset 0)
-- Sessions in the order of their ids or of their last writes, at most one more than asked for. `r_edge` marks the slot beyond
-- which the call did not look; it may be no session. Starts after (`p_after_at`, `p_after`), by id after `p_after`.
create function {{schema}}.list_sessions(
  p_tenant text, p_limit bigint, p_updated boolean, p_backward boolean, p_after_at bigint, p_after text, p_prefix text,
  p_prefix_end text, p_subject text, p_idle bigint
) returns table (r_session {{schema}}.sessions, r_listed boolean, r_edge boolean)
language plpgsql stable set plan_cache_mode = force_generic_plan
-- #include in-order
as $body$
declare
  -- Up to this many sessions of a subject are sorted for a page; beyond, those of all subjects are walked.
  most_sorted constant integer := 2000;
  -- Longer than any id, and behind all.
  behind_all constant text := repeat(chr(1114111), 512);
  high text := coalesce(p_prefix_end, behind_all);
  slot {{schema}}.sessions;
  looked bigint := 0;
  listed bigint := 0;
  wanted bytea := sha256(convert_to(p_subject, 'UTF8'));
  sorts boolean;
begin
  perform set_config('relevo.tenant', p_tenant, true);
  p_after := coalesce(p_after, case when p_backward then behind_all else '' end);
  p_after_at := coalesce(p_after_at, case when p_backward then 9223372036854775807 else -9223372036854775808 end);
  if p_updated and p_subject is not null then
    select count(*) <= most_sorted into sorts from (
      select from {{schema}}.sessions as s
      where s.tenant = p_tenant and s.subject_key = wanted and s.subject_key is not null limit most_sorted + 1
    ) as s;
  end if;
  if p_updated and sorts then
    if p_backward then
-- #include list-by-update(source = "{{ofSubject}}", beyond = "<", order = "desc")
    else
-- #include list-by-update(source = "{{ofSubject}}", beyond = ">", order = "asc")
    end if;
  elsif p_updated then
    if p_backward then
-- #include list-by-update(source = "{{schema}}.sessions", beyond = "<", order = "desc")
    else
-- #include list-by-update(source = "{{schema}}.sessions", beyond = ">", order = "asc")
    end if;
  elsif p_subject is not null then
    if p_backward then
-- #include list-by-id(subject = "{{hasSubject}}", within = "{{upTo}}", end = "slot.session < p_prefix", order = "desc")
    else
-- #include list-by-id(subject = "{{hasSubject}}", within = "{{from}}", end = "slot.session >= high", order = "asc")
    end if;
  else
    if p_backward then
-- #include list-by-id(subject = "", within = "{{upTo}}", end = "slot.session < p_prefix", order = "desc")
    else
-- #include list-by-id(subject = "", within = "{{from}}", end = "slot.session >= high", order = "asc")
    end if;
  end if;
end
$body$;
