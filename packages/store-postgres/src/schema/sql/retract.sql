-- Marks what a retraction removes: messages and summaries in its ranges that are neither marked nor erased, and the
-- summaries derived from what was marked, in one pass, because a summary is newer than its sources. Returns all of it.
create function {{schema}}.retract(
  p_tenant text, p_session text, p_generation bigint, p_by bigint, p_ranges int8multirange
) returns int8multirange language plpgsql set search_path = pg_catalog, pg_temp as $body$
#variable_conflict use_column
declare
  marked int8multirange;
  part record;
  derived record;
begin
  marked := '{}';
  -- One range at a time, as values: row-level security keeps lower() of another table's column away from the index.
  for part in select lower(r.range) as low, upper(r.range) as high from unnest(p_ranges) as r (range) loop
    with changed as (
      update {{schema}}.events as e set retracted_by = p_by
      where e.tenant = p_tenant and e.session = p_session and e.generation = p_generation
        and e.seq >= part.low and e.seq < least(part.high, p_by)
        and e.type in ('message', 'summary') and e.retracted_by is null and e.erased_at is null
      returning e.seq
    )
    select marked + coalesce(range_agg(int8range(c.seq, c.seq + 1)), '{}') into marked from changed as c;
  end loop;
  if isempty(marked) then return marked; end if;
  for derived in
    select e.seq, e.derived_from from {{schema}}.events as e
    where e.tenant = p_tenant and e.session = p_session and e.generation = p_generation
      and e.seq > lower(marked) and e.seq < p_by and e.derived_from is not null
      and e.type = 'summary' and e.retracted_by is null and e.erased_at is null
    order by e.seq
  loop
    if derived.derived_from && marked then
      update {{schema}}.events as e set retracted_by = p_by
      where e.tenant = p_tenant and e.session = p_session and e.generation = p_generation and e.seq = derived.seq;
      marked := marked + int8multirange(int8range(derived.seq, derived.seq + 1));
    end if;
  end loop;
  return marked;
end
$body$;
