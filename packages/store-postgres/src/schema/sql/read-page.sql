-- The common-case read: the newest events, or the next ones after a place. A function, because planning the same text
-- under row-level security takes several times as long as running it, and the server plans again each time that it expects
-- a better plan; here the plan is made once for each connection. One value, because a row of several would go through a
-- table of the executor.
--
-- With `p_below_pinned` or `p_below_summaries` it also returns what stands below a newest page, as two more elements: pinned messages,
-- newest first and one more than are wanted; and [summaries in force, newest first, and whether there are more].
--
-- Null without a session; the state alone when its token is `p_unless_token`. The next place is that after the events looked at; after those returned when one was left out.
create function {{schema}}.read_page(
  p_tenant text, p_session text, p_after bigint, p_before bigint, p_limit bigint, p_backward boolean, p_at bigint,
  p_exclude boolean, p_types text[], p_agent text, p_pinned boolean, p_bounded boolean,
  p_below_pinned boolean, p_below_summaries boolean, p_unless_token text
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
  page text;
  below constant boolean := p_below_pinned or p_below_summaries;
  in_force bigint[];
begin
  p_tenant := set_config('relevo.tenant', p_tenant, true);
  select s.incarnation, s.expires_at, s.generation, s.version, s.revision, s.removal_revision, s.token, s.first_seq, s.bytes
  into slot
  from {{schema}}.sessions as s where s.tenant = p_tenant and s.session = p_session;
  if slot.incarnation is null or slot.expires_at <= {{nowMs}} then return null; end if;
  if slot.token = p_unless_token then
    return {{schema}}.page_text(
      p_version => slot.version, p_revision => slot.revision, p_removal_revision => slot.removal_revision,
      p_token => slot.token, p_next => null, p_incarnation => slot.incarnation, p_entries => null
    ) || ']';
  end if;
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
  page := {{schema}}.page_text(
    p_version => slot.version, p_revision => slot.revision, p_removal_revision => slot.removal_revision,
    p_token => slot.token, p_next => next, p_incarnation => slot.incarnation, p_entries => entries
  );
  if not below then return page || ']'; end if;

  high := coalesce(reached, slot.version + 1) - 1;
  if p_below_pinned then
    select string_agg({{schema}}.event_entry(e.seq, e.recorded_at, null, e.content), ',') into entries from (
      select e.seq, e.recorded_at, e.content from {{schema}}.events as e
      where e.tenant = p_tenant and e.session = p_session and e.generation = slot.generation and e.seq <= high
        and e.pinned and e.type = 'message' and e.retracted_by is null and e.erased_at is null
      order by e.seq desc limit {{maxPinnedBelow}} + 1
    ) as e;
    page := page || ',[' || coalesce(entries, '') || ']';
  else
    page := page || ',null';
  end if;
  if p_below_summaries then
    with effective as materialized (
      select e.seq, e.derived_from from {{schema}}.events as e
      where e.tenant = p_tenant and e.session = p_session and e.generation = slot.generation
        and e.type = 'summary' and e.retracted_by is null and e.erased_at is null
      order by e.seq desc limit {{maxSummariesLookedAt}} + 1
    ),
    looked_at as materialized (select l.* from effective as l order by l.seq desc limit {{maxSummariesLookedAt}})
    select array(
      select l.seq from looked_at as l
      where l.seq <= high and not exists (
        select from looked_at as later where later.seq > l.seq and later.derived_from @> l.seq
      )
      order by l.seq desc
    ), (select count(*) from effective) > {{maxSummariesLookedAt}} into in_force, cut;
    entries := null;
    foreach next in array in_force loop
      select concat_ws(',', entries, {{schema}}.event_entry(e.seq, e.recorded_at, null, e.content)) into entries
      from {{schema}}.events as e
      where e.tenant = p_tenant and e.session = p_session and e.generation = slot.generation and e.seq = next;
    end loop;
    page := page || ',[[' || coalesce(entries, '') || '],' || cut::text || ']';
  end if;
  return page || ']';
end
$body$;
