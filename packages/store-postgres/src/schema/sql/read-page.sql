-- The common-case read: the newest events, or the next ones after a place. A function, because planning the same text
-- under row-level security takes several times as long as running it, and the server plans again each time that it expects
-- a better plan; here the plan is made once for each connection. One value, because a row of several would go through a
-- table of the executor.
--
-- Null without a session. The next place is that after the events looked at; after those returned when one was left out.
create function {{schema}}.read_page(
  p_tenant text, p_session text, p_after bigint, p_before bigint, p_limit bigint, p_backward boolean, p_at bigint,
  p_exclude boolean, p_types text[], p_agent text, p_bounded boolean
) returns text language plpgsql stable set plan_cache_mode = force_generic_plan
-- #include by-index
as $body$
#variable_conflict use_column
declare
  slot record;
  low bigint;
  high bigint;
  first bigint;
  last bigint;
  next bigint;
  reached bigint;
  cut boolean;
  entries text;
begin
  p_tenant := set_config('relevo.tenant', p_tenant, true);
  select s.incarnation, s.expires_at, s.generation, s.version, s.revision, s.removal_revision, s.first_seq, s.bytes
  into slot
  from {{schema}}.sessions as s where s.tenant = p_tenant and s.session = p_session;
  if slot.incarnation is null or slot.expires_at <= {{nowMs}} then return null; end if;
  first := greatest(p_after + 1, slot.first_seq);
  last := least(p_before - 1, p_at, slot.version);
  if p_backward then
    low := case when p_bounded then greatest(first, last - (p_limit + {{lookBudget}}) + 1) else first end;
    high := last;
-- #include read-events(order = "desc", edge = "min")
    next := case when cut then reached when low > first then low end;
  else
    low := first;
    high := case when p_bounded then least(last, first + (p_limit + {{lookBudget}}) - 1) else last end;
-- #include read-events(order = "asc", edge = "max")
    next := case when cut then reached when high < last then high end;
  end if;
  return {{schema}}.page_text(
    p_version => slot.version, p_revision => slot.revision, p_removal_revision => slot.removal_revision, p_next => next,
    p_incarnation => slot.incarnation, p_entries => entries
  );
end
$body$;
