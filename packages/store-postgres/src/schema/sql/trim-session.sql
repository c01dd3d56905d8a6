create function {{schema}}.trim_session(
-- #include session-parameters
  p_before bigint, p_older bigint, p_limit bigint, p_token text,
  out r_status text, out r_current bigint, out r_previous text, out r_token text,
  out r_removed bigint, out r_first_seq bigint, out r_more boolean, out r_removal bigint
) language plpgsql
-- #include by-index
as $body$
#variable_conflict use_column
declare
  slot {{schema}}.sessions;
  now_ms bigint;
  stop bigint;
  newer bigint;
  freed bigint;
begin
-- #include session-guard
  if slot.incarnation is null then
    r_status := 'missing';
    return;
  end if;
  if slot.sealed then
    r_status := 'sealed';
    return;
  end if;
  r_removed := 0;
  r_removal := slot.removal_revision;
  r_token := slot.token;
  -- One beyond the bound is looked at too: it says whether there is more.
  stop := least(coalesce(p_before, slot.version + 1), slot.version + 1, slot.first_seq + p_limit + 1);
  if p_older is not null then
    select e.seq into newer from {{schema}}.events as e
    where e.tenant = p_tenant and e.session = p_session and e.generation = slot.generation
      and e.seq >= slot.first_seq and e.seq < stop and e.recorded_at >= p_older
    order by e.seq limit 1;
    stop := coalesce(newer, stop);
  end if;
  r_more := stop > slot.first_seq + p_limit;
  stop := least(stop, slot.first_seq + p_limit);
  r_first_seq := greatest(stop, slot.first_seq);
  if stop > slot.first_seq then
    with gone as (
      delete from {{schema}}.events as e
      where e.tenant = p_tenant and e.session = p_session and e.generation = slot.generation
        and e.seq >= slot.first_seq and e.seq < stop
      returning e.bytes
    )
    select sum(g.bytes) into freed from gone as g;
    r_removed := stop - slot.first_seq;
    update {{schema}}.sessions as s set
      first_seq = stop, events = s.version + 1 - stop, bytes = s.bytes - freed, revision = s.revision + 1,
      token = p_token, changed = pg_current_xact_id(), removal_revision = s.revision + 1,
      removed = {{schema}}.add_removal(s.removed, s.revision + 1, int8multirange(int8range(slot.first_seq, stop)))
    where s.tenant = p_tenant and s.session = p_session 
    returning s.removal_revision, s.token into r_removal, r_token;
  end if;
  r_status := 'done';
end
$body$;
