import { byIndex, nowMs, pinnedPath, quoteBody } from "./sql-text.ts";

const guard = `
  slot := SCHEMA.lock_session(p_tenant, p_session);
  now_ms := ${nowMs};
  if p_incarnation is not null and p_incarnation is distinct from slot.incarnation then
    r_status := 'ended';
    return;
  end if;`;

const setTenant =
  "perform set_config('relevo.tenant', p_tenant, true), set_config('lock_timeout', p_lock_ms, true);";

/** A function that locks the slot, checks the incarnation, and says in `r_status` what it found or did. */
function sessionFunction(
  schema: string,
  name: string,
  parameters: string,
  outs: string,
  body: string,
): string {
  const text = `
#variable_conflict use_column
declare
  slot SCHEMA.sessions;
  now_ms bigint;
  ${body.slice(0, body.indexOf("BEGIN"))}
begin
  ${setTenant}${guard}
  ${body.slice(body.indexOf("BEGIN") + "BEGIN".length)}
end`;
  return `create function ${schema}.${name}(
  p_tenant text, p_session text, p_lock_ms text, p_incarnation text${parameters === "" ? "" : `, ${parameters}`},
  out r_status text, out r_current bigint, ${outs}
) language plpgsql ${pinnedPath} ${byIndex} as ${quoteBody(text.replaceAll("SCHEMA", () => schema))}`;
}

/** What changes a session without adding to its log. Each is one call and one round trip. */
export function headFunctions(schema: string): readonly string[] {
  return [
    sessionFunction(
      schema,
      "touch_session",
      "p_ttl_change boolean, p_ttl_ms bigint, p_subject text, p_metadata text",
      `out r_head ${schema}.sessions`,
      `before bigint;
BEGIN
  if slot.incarnation is null then
    r_status := 'missing';
    return;
  end if;
  if slot.sealed then
    r_status := 'sealed';
    return;
  end if;
  before := slot.expires_at;
  if p_ttl_change then slot.ttl_ms := p_ttl_ms; end if;
  slot.expires_at := now_ms + slot.ttl_ms;
  update SCHEMA.sessions as s set
    ttl_ms = slot.ttl_ms, expires_at = slot.expires_at, updated_at = now_ms,
    expiry_due = case when slot.ttl_ms is null then null else least(s.expiry_due, slot.expires_at) end,
    subject = coalesce(p_subject, s.subject),
    subject_key = case when p_subject is null then s.subject_key else sha256(convert_to(p_subject, 'UTF8')) end,
    metadata = coalesce(p_metadata, s.metadata),
    revision = s.revision + case
      when p_subject is not null or p_metadata is not null or before is distinct from slot.expires_at then 1 else 0 end
  where s.tenant = p_tenant and s.session = p_session returning * into r_head;
  r_status := 'done';`,
    ),
    sessionFunction(
      schema,
      "seal_session",
      "p_expected bigint, p_sealed boolean",
      `out r_head ${schema}.sessions`,
      `BEGIN
  if slot.incarnation is null then
    r_status := 'missing';
    return;
  end if;
  if p_expected is not null and p_expected <> slot.version then
    r_status := 'version';
    r_current := slot.version;
    return;
  end if;
  update SCHEMA.sessions as s set
    sealed = p_sealed, revision = s.revision + case when s.sealed = p_sealed then 0 else 1 end
  where s.tenant = p_tenant and s.session = p_session returning * into r_head;
  r_status := 'done';`,
    ),
    sessionFunction(
      schema,
      "trim_session",
      "p_before bigint, p_older bigint, p_limit bigint",
      "out r_removed bigint, out r_first_seq bigint, out r_more boolean, out r_removal bigint",
      `stop bigint;
  newer bigint;
  freed bigint;
BEGIN
  r_removed := 0;
  r_first_seq := 1;
  r_more := false;
  r_removal := 0;
  if slot.incarnation is null then
    r_status := 'done';
    return;
  end if;
  r_removal := slot.removal_revision;
  if slot.sealed then
    r_status := 'sealed';
    return;
  end if;
  -- One beyond the bound is looked at too: it says whether there is more.
  stop := least(coalesce(p_before, slot.version + 1), slot.version + 1, slot.first_seq + p_limit + 1);
  if p_older is not null then
    select e.seq into newer from SCHEMA.events as e
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
      delete from SCHEMA.events as e
      where e.tenant = p_tenant and e.session = p_session and e.generation = slot.generation
        and e.seq >= slot.first_seq and e.seq < stop
      returning e.bytes
    )
    select sum(g.bytes) into freed from gone as g;
    r_removed := stop - slot.first_seq;
    update SCHEMA.sessions as s set
      first_seq = stop, events = s.version + 1 - stop, bytes = s.bytes - freed, revision = s.revision + 1,
      removal_revision = s.revision + 1,
      removed = SCHEMA.add_removal(s.removed, s.revision + 1, int8multirange(int8range(slot.first_seq, stop)))
    where s.tenant = p_tenant and s.session = p_session returning s.removal_revision into r_removal;
  end if;
  r_status := 'done';`,
    ),
    sessionFunction(
      schema,
      "erase_events",
      "p_ranges text",
      "out r_erased bigint[], out r_revision bigint, out r_removal bigint",
      `asked int8multirange := p_ranges::int8multirange;
  blank int8multirange;
  changed int8multirange := '{}';
  derived record;
  freed bigint;
  part record;
  part_bytes bigint;
BEGIN
  r_erased := '{}';
  r_revision := 0;
  r_removal := 0;
  r_status := 'done';
  if slot.incarnation is null then return; end if;
  r_revision := slot.revision;
  r_removal := slot.removal_revision;
  if isempty(asked) then return; end if;
  -- Beginning from the ranges, not from what is there: what was derived from trimmed events still tells of them.
  blank := asked;
  for derived in
    select e.seq, e.derived_from from SCHEMA.events as e
    where e.tenant = p_tenant and e.session = p_session and e.generation = slot.generation
      and e.seq > lower(asked) and e.derived_from is not null
    order by e.seq
  loop
    if derived.derived_from && blank then
      blank := blank + int8multirange(int8range(derived.seq, derived.seq + 1));
    end if;
  end loop;
  -- What may not stay stands in every column but those of a tombstone.
  -- One range at a time, as values: row-level security keeps lower() of another table's column away from the index.
  for part in select lower(r.range) as low, upper(r.range) as high from unnest(blank) as r (range) order by 1 loop
    select sum(e.bytes) into part_bytes from SCHEMA.events as e
    where e.tenant = p_tenant and e.session = p_session and e.generation = slot.generation
      and e.seq >= part.low and e.seq < part.high and e.erased_at is null;
    freed := coalesce(freed + part_bytes, freed, part_bytes);
    with gone as (
      update SCHEMA.events as e set
        agent = null, role = null, status = null, duration_ms = null, pinned = false, erased_at = now_ms, bytes = 0,
        content = '{"type":' || to_json(e.type)::text
          || case when e.at is null then '' else ',"at":' || e.at::text end || ',"erasedAt":' || now_ms::text || '}'
      where e.tenant = p_tenant and e.session = p_session and e.generation = slot.generation
        and e.seq >= part.low and e.seq < part.high and e.erased_at is null
      returning e.seq
    )
    select changed + coalesce(range_agg(int8range(g.seq, g.seq + 1)), '{}') into changed from gone as g;
    r_erased := r_erased || array(
      select e.seq from SCHEMA.events as e
      where e.tenant = p_tenant and e.session = p_session and e.generation = slot.generation
        and e.seq >= part.low and e.seq < part.high order by e.seq
    );
  end loop;
  if freed is not null then
    update SCHEMA.sessions as s set
      bytes = s.bytes - freed, revision = s.revision + 1, removal_revision = s.revision + 1,
      removed = SCHEMA.add_removal(s.removed, s.revision + 1, changed)
    where s.tenant = p_tenant and s.session = p_session
    returning s.revision, s.removal_revision into r_revision, r_removal;
  end if;`,
    ),
    // Ends the incarnation at once, whatever it holds; its rows are removed afterwards, in batches.
    sessionFunction(
      schema,
      "end_session",
      "p_expected bigint, p_idle_since bigint",
      "out r_generation bigint",
      `BEGIN
  r_status := 'missing';
  if slot.incarnation is null or slot.updated_at > p_idle_since then return; end if;
  if p_expected is not null and p_expected <> slot.version then
    r_status := 'version';
    r_current := slot.version;
    return;
  end if;
  perform SCHEMA.close_incarnation(p_tenant, p_session, now_ms);
  r_generation := slot.generation;
  r_status := 'done';`,
    ),
  ];
}

/** What ends incarnations and removes what they leave. */
export function endingFunctions(schema: string): readonly string[] {
  const close = `
begin
  insert into SCHEMA.endings (tenant, session, generation, incarnation, ended_at)
  select s.tenant, s.session, s.generation, s.incarnation, p_now_ms from SCHEMA.sessions as s
  where s.tenant = p_tenant and s.session = p_session;
  -- The generation and the fence only grow: neither may ever be given again. The generation of a slot without a session
  -- is the time at which it ended, so that upkeep finds those that are old and looks at no other.
  update SCHEMA.sessions as s set
    incarnation = null, generation = greatest(s.generation, p_now_ms * 1000), version = 0, revision = 0,
    removal_revision = 0, removed = '', first_seq = 1, events = 0, bytes = 0, subject = null, subject_key = null, metadata = '{}', ttl_ms = null, expires_at = null,
    expiry_due = null, sealed = false
  where s.tenant = p_tenant and s.session = p_session;
end`;
  const purge = `
#variable_conflict use_column
declare
  removed bigint;
  last bigint;
begin
  select max(c.seq) into last from (
    select e.seq from SCHEMA.events as e
    where e.tenant = p_tenant and e.session = p_session and e.generation = p_generation order by e.seq limit p_limit
  ) as c;
  delete from SCHEMA.events as e
  where e.tenant = p_tenant and e.session = p_session and e.generation = p_generation and e.seq <= last;
  get diagnostics removed = row_count;
  if removed < p_limit then
    removed := removed + SCHEMA.purge_documents(p_tenant, p_session, p_generation, p_limit - removed);
  end if;
  if removed < p_limit then
    update SCHEMA.endings as e set purged = true
    where e.tenant = p_tenant and e.session = p_session and e.generation = p_generation;
  end if;
  return removed;
end`;
  return [
    `create function ${schema}.close_incarnation(p_tenant text, p_session text, p_now_ms bigint) returns void
language plpgsql ${pinnedPath} as ${quoteBody(close.replaceAll("SCHEMA", () => schema))}`,
    // Removes at most so many events, and then documents, of an ended incarnation; its operations stay known for a day.
    `create function ${schema}.purge_generation(p_tenant text, p_session text, p_generation bigint, p_limit bigint)
returns bigint language plpgsql ${pinnedPath} ${byIndex} as ${quoteBody(purge.replaceAll("SCHEMA", () => schema))}`,
  ];
}

/** Leases live in the slot, so that an append checks its fence in the row that it locks anyway. */
export function leaseFunctions(schema: string): readonly string[] {
  const acquire = `
declare slot SCHEMA.sessions;
  now_us bigint;
begin
  ${setTenant}
  insert into SCHEMA.tenants (tenant) values (p_tenant) on conflict do nothing;
  insert into SCHEMA.sessions (tenant, session, generation) values (p_tenant, p_session, ${nowMs} * 1000)
  on conflict do nothing;
  select * into slot from SCHEMA.sessions as s where s.tenant = p_tenant and s.session = p_session for update;
  if not found then
    raise exception 'the slot was removed meanwhile' using errcode = 'serialization_failure';
  end if;
  now_us := floor(extract(epoch from clock_timestamp()) * 1000000);
  if slot.lease_until is not null and slot.lease_until > now_us / 1000 then
    r_status := 'lease';
    r_fence := slot.fence;
    r_until := slot.lease_until;
    r_now := now_us / 1000;
    return;
  end if;
  r_status := 'done';
  r_fence := greatest(slot.fence + 1, now_us);
  r_until := now_us / 1000 + p_ttl_ms;
  r_now := now_us / 1000;
  update SCHEMA.sessions as s set fence = r_fence, lease_until = r_until
  where s.tenant = p_tenant and s.session = p_session;
end`;
  const renew = `
declare slot SCHEMA.sessions;
begin
  ${setTenant}
  select * into slot from SCHEMA.sessions as s where s.tenant = p_tenant and s.session = p_session for update;
  -- One that ran out may still be renewed while nobody else was granted; one that was given back may not.
  if not found or slot.fence <> p_fence or slot.lease_until is null then
    r_status := 'lease';
    return;
  end if;
  r_status := 'done';
  r_until := case when p_ttl_ms is null then null else ${nowMs} + p_ttl_ms end;
  update SCHEMA.sessions as s set lease_until = r_until
  where s.tenant = p_tenant and s.session = p_session;
end`;
  return [
    `create function ${schema}.acquire_lease(
  p_tenant text, p_session text, p_lock_ms text, p_ttl_ms bigint,
  out r_status text, out r_fence bigint, out r_until bigint, out r_now bigint
) language plpgsql ${pinnedPath} ${byIndex} as ${quoteBody(acquire.replaceAll("SCHEMA", () => schema))}`,
    // Without a time to live it gives the lease back.
    `create function ${schema}.renew_lease(
  p_tenant text, p_session text, p_lock_ms text, p_fence bigint, p_ttl_ms bigint,
  out r_status text, out r_until bigint
) language plpgsql ${pinnedPath} ${byIndex} as ${quoteBody(renew.replaceAll("SCHEMA", () => schema))}`,
  ];
}
