create function {{schema}}.erase_events(
-- #include session-parameters
  p_ranges text, p_kept text, p_token text,
  out r_status text, out r_current bigint, out r_previous text, out r_token text,
  out r_erased bigint[], out r_revision bigint, out r_removal bigint
) language plpgsql
-- #include by-index
as $body$
#variable_conflict use_column
declare
  slot {{schema}}.sessions;
  now_ms bigint;
  asked int8multirange := p_ranges::int8multirange;
  -- These alone: what was derived from them stays.
  kept int8multirange := p_kept::int8multirange;
  blank int8multirange;
  blanked int8multirange := '{}';
  derived record;
  freed bigint;
  part record;
  part_bytes bigint;
begin
-- #include session-guard
  if slot.incarnation is null then
    r_status := 'missing';
    return;
  end if;
  r_status := 'done';
  r_erased := '{}';
  r_token := slot.token;
  r_revision := slot.revision;
  r_removal := slot.removal_revision;
  if isempty(asked) and isempty(kept) then return; end if;
  -- Starting from the ranges, not from what is there: what was derived from trimmed events still contains them.
  blank := asked;
  for derived in
    select e.seq, e.derived_from from {{schema}}.events as e
    where e.tenant = p_tenant and e.session = p_session and e.generation = slot.generation
      and e.seq > lower(asked) and e.derived_from is not null
    order by e.seq
  loop
    if derived.derived_from && blank then
      blank := blank + int8multirange(int8range(derived.seq, derived.seq + 1));
    end if;
  end loop;
  -- What has to go is in every column but those of a tombstone.
  -- One range at a time, as values: row-level security keeps lower() of another table's column away from the index.
  kept := kept - blank;
  for part in
    select lower(r.range) as low, upper(r.range) as high, r.rest
    from (
      select b.range, '' as rest from unnest(blank) as b (range)
      union all select k.range, ',"derived":"kept"' from unnest(kept) as k (range)
    ) as r order by 1
  loop
    select sum(e.bytes) into part_bytes from {{schema}}.events as e
    where e.tenant = p_tenant and e.session = p_session and e.generation = slot.generation
      and e.seq >= part.low and e.seq < part.high and e.erased_at is null;
    freed := coalesce(freed + part_bytes, freed, part_bytes);
    with gone as (
      update {{schema}}.events as e set
        agent = null, role = null, status = null, duration_ms = null, pinned = false, erased_at = now_ms, bytes = 0,
        content = '{"type":' || to_json(e.type)::text
          || case when e.at is null then '' else ',"at":' || e.at::text end || ',"erasedAt":' || now_ms::text || part.rest || '}'
      where e.tenant = p_tenant and e.session = p_session and e.generation = slot.generation
        and e.seq >= part.low and e.seq < part.high and e.erased_at is null
      returning e.seq
    )
    select blanked + coalesce(range_agg(int8range(g.seq, g.seq + 1)), '{}') into blanked from gone as g;
    r_erased := r_erased || array(
      select e.seq from {{schema}}.events as e
      where e.tenant = p_tenant and e.session = p_session and e.generation = slot.generation
        and e.seq >= part.low and e.seq < part.high order by e.seq
    );
  end loop;
  if freed is not null then
    update {{schema}}.sessions as s set
      bytes = s.bytes - freed, revision = s.revision + 1, token = p_token,
      changed = pg_current_xact_id(), removal_revision = s.revision + 1,
      removed = {{schema}}.add_removal(s.removed, s.revision + 1, blanked)
    where s.tenant = p_tenant and s.session = p_session
    returning s.revision, s.removal_revision, s.token into r_revision, r_removal, r_token;
  end if;
end
$body$;
