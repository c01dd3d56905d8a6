import { nowMs, quoteBody } from "./sql-text.ts";

/**
 * How long the operations of an ended incarnation are remembered, so that a late retry cannot bring a deleted session
 * back. In milliseconds; 25 hours, one to spare.
 */
export const operationMemoryMs: number = 25 * 3600 * 1000;

const nameOperation = `select o.* from (
    select e.generation, e.operation_fingerprint as fingerprint, e.seq - e.operation_events + 1 as first_seq,
      e.seq as version, e.operation_revision as revision
    from SCHEMA.events as e
    where e.tenant = p_tenant and e.session = p_session and e.operation_key = op_key
    union all
    select p.generation, p.fingerprint, p.first_seq, p.version, p.revision
    from SCHEMA.operations as p
    where p.tenant = p_tenant and p.session = p_session and p.key = op_key
  ) as o order by o.generation desc limit 1`;

/**
 * The append, in one call and so in one round trip.
 *
 * The common case is one update of the slot that carries all conditions: who wins the row's lock sees the row as the
 * one before left it. Whatever does not fit (no session, a known operation, any conflict) locks the slot first and
 * then looks at the conditions one by one in the order of the port. An operation that came in between is found by its
 * unique index, and the call is repeated. Refusals are results: only what must be undone is raised.
 *
 * `r_status`: `appended`, `replayed`, or what was refused, with the current value in `r_current`.
 */
export function appendFunction(schema: string): string {
  const body = `
#variable_conflict use_column
declare
  slot SCHEMA.sessions;
  known record;
  op_key bytea;
  now_ms bigint;
  before bigint;
  live boolean;
  fast boolean := true;
begin
  perform set_config('relevo.tenant', p_tenant, true), set_config('lock_timeout', p_lock_ms, true);
  if p_operation is not null then
    op_key := sha256(convert_to(p_operation, 'UTF8'));
    fast := not exists (
      select from SCHEMA.events as e
      where e.tenant = p_tenant and e.session = p_session and e.operation_key = op_key
    ) and not exists (
      select from SCHEMA.operations as o where o.tenant = p_tenant and o.session = p_session and o.key = op_key
    );
  end if;

  if fast then
    update SCHEMA.sessions as s set
      version = s.version + p_count, revision = s.revision + 1, events = s.events + p_count, bytes = s.bytes + p_bytes,
      (updated_at, ttl_ms, expires_at, expiry_due) = (
        select c.at, c.ttl, c.at + c.ttl,
          case when c.ttl is null then null else least(s.expiry_due, c.at + c.ttl) end
        from (select ${nowMs} as at, case when p_ttl_change then p_ttl_ms else s.ttl_ms end as ttl offset 0) as c
      )
    where s.tenant = p_tenant and s.session = p_session and s.incarnation is not null and not s.sealed
      and (s.expires_at is null or s.expires_at > ${nowMs})
      and (p_incarnation is null or s.incarnation = p_incarnation)
      and (p_fence is null or s.fence = p_fence)
      and (p_expected is null or s.version = p_expected)
      and p_retract_to <= s.version
    returning * into slot;
    fast := found;
    -- The slot is ours now. What took the same operation meanwhile, with events where this has none or the other way
    -- round, stands in the other table, where no unique index meets it.
    if fast and p_operation is not null and (
      p_count = 0 and exists (
        select from SCHEMA.events as e
        where e.tenant = p_tenant and e.session = p_session and e.operation_key = op_key
      ) or p_count > 0 and exists (
        select from SCHEMA.operations as o where o.tenant = p_tenant and o.session = p_session and o.key = op_key
      )
    ) then
      raise exception 'the operation was taken meanwhile' using errcode = 'serialization_failure';
    end if;
  end if;

  if not fast then
    slot := SCHEMA.lock_session(p_tenant, p_session);
    now_ms := ${nowMs};
    live := slot.incarnation is not null;
    before := case when live then slot.version else 0 end;
    if p_incarnation is not null and (not live or slot.incarnation <> p_incarnation) then
      r_status := 'ended';
      return;
    end if;
    if p_operation is not null then
      ${nameOperation} into known;
      if found then
        if live and known.generation = slot.generation then
          if known.fingerprint <> p_fingerprint then
            r_status := 'operation';
            return;
          end if;
          r_status := 'replayed';
          r_first_seq := known.first_seq;
          r_version := known.version;
          r_revision := known.revision;
          r_incarnation := slot.incarnation;
          return;
        end if;
        if known.generation = slot.generation or exists (
          select from SCHEMA.endings as e
          where e.tenant = p_tenant and e.session = p_session and e.generation = known.generation
            and e.ended_at > now_ms - ${operationMemoryMs}
        ) then
          r_status := 'ended';
          return;
        end if;
      end if;
    end if;
    if live and slot.sealed then
      r_status := 'sealed';
      return;
    end if;
    if p_fence is not null and p_fence <> coalesce(slot.fence, 0) then
      r_status := 'fence';
      r_current := coalesce(slot.fence, 0);
      return;
    end if;
    if p_expected is not null and p_expected <> before then
      r_status := 'version';
      r_current := before;
      return;
    end if;
    if p_retract_to > before then
      r_status := 'retraction';
      r_current := before;
      return;
    end if;
    if not live then
      slot := SCHEMA.start_session(p_tenant, p_session, p_candidate, p_subject, p_metadata, p_ttl_ms);
    end if;
    now_ms := ${nowMs};
    update SCHEMA.sessions as s set
      version = s.version + p_count, revision = s.revision + 1, events = s.events + p_count, bytes = s.bytes + p_bytes,
      updated_at = now_ms,
      ttl_ms = case when p_ttl_change then p_ttl_ms else s.ttl_ms end,
      expires_at = now_ms + case when p_ttl_change then p_ttl_ms else s.ttl_ms end,
      expiry_due = case when p_ttl_change then now_ms + p_ttl_ms else least(s.expiry_due, now_ms + s.ttl_ms) end
    where s.tenant = p_tenant and s.session = p_session returning * into slot;
  end if;

  now_ms := slot.updated_at;
  before := slot.version - p_count;
  if p_count = 1 then
    insert into SCHEMA.events values (
      p_tenant, p_session, slot.generation, slot.version, p_types[1], p_agents[1], p_roles[1], p_statuses[1],
      p_durations[1], p_ats[1], now_ms, p_pinned[1], null, null, p_sizes[1], p_derived[1]::int8multirange,
      p_operation, op_key, p_fingerprint, case when op_key is null then null else 1 end,
      case when op_key is null then null else slot.revision end, p_contents[1]
    );
  elsif p_count > 0 then
    insert into SCHEMA.events
    select p_tenant, p_session, slot.generation, before + e.n, e.type, e.agent, e.role, e.status,
      e.duration, e.at, now_ms, e.pinned, null, null, e.size, e.derived::int8multirange,
      case when e.n = p_count then p_operation end, case when e.n = p_count then op_key end,
      case when e.n = p_count then p_fingerprint end,
      case when e.n = p_count and op_key is not null then p_count end,
      case when e.n = p_count and op_key is not null then slot.revision end, e.content
    from unnest(
      p_types, p_agents, p_roles, p_statuses, p_durations, p_ats, p_pinned, p_sizes, p_derived, p_contents
    ) with ordinality as e (type, agent, role, status, duration, at, pinned, size, derived, content, n);
  else
    insert into SCHEMA.operations values (
      p_tenant, p_session, op_key, p_operation, slot.generation, p_fingerprint, before + 1, before, slot.revision
    );
  end if;
  for index in 1 .. coalesce(array_length(p_retractions, 1), 0) loop
    perform SCHEMA.retract(
      p_tenant, p_session, slot.generation, before + p_retractions[index], p_retracted[index]::int8multirange
    );
  end loop;
  r_status := 'appended';
  r_first_seq := before + 1;
  r_version := slot.version;
  r_revision := slot.revision;
  r_incarnation := slot.incarnation;
end`;
  return `create function ${schema}.append(
  p_tenant text, p_session text, p_lock_ms text, p_incarnation text, p_fence bigint, p_expected bigint,
  p_candidate text, p_subject text, p_metadata text, p_ttl_change boolean, p_ttl_ms bigint,
  p_operation text, p_fingerprint text, p_count integer, p_bytes bigint, p_retract_to bigint,
  p_types text[], p_agents text[], p_roles text[], p_statuses text[], p_durations double precision[], p_ats bigint[],
  p_pinned boolean[], p_sizes bigint[], p_derived text[], p_contents text[], p_retractions integer[],
  p_retracted text[],
  out r_status text, out r_current double precision, out r_first_seq double precision, out r_version double precision,
  out r_revision double precision, out r_incarnation text
) language plpgsql as ${quoteBody(body.replaceAll("SCHEMA", () => schema))}`;
}

/**
 * Marks what a retraction takes out: messages and summaries in its ranges that are neither marked nor blank, and the
 * summaries that repeat what was marked, in one pass, because a summary is newer than its sources.
 */
export function retractFunction(schema: string): string {
  const body = `
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
      update SCHEMA.events as e set retracted_by = p_by
      where e.tenant = p_tenant and e.session = p_session and e.generation = p_generation
        and e.seq >= part.low and e.seq < least(part.high, p_by)
        and e.type in ('message', 'summary') and e.retracted_by is null and e.erased_at is null
      returning e.seq
    )
    select marked + coalesce(range_agg(int8range(c.seq, c.seq + 1)), '{}') into marked from changed as c;
  end loop;
  if isempty(marked) then return; end if;
  for derived in
    select e.seq, e.derived_from from SCHEMA.events as e
    where e.tenant = p_tenant and e.session = p_session and e.generation = p_generation
      and e.seq > lower(marked) and e.seq < p_by and e.derived_from is not null
      and e.type = 'summary' and e.retracted_by is null and e.erased_at is null
    order by e.seq
  loop
    if derived.derived_from && marked then
      update SCHEMA.events as e set retracted_by = p_by
      where e.tenant = p_tenant and e.session = p_session and e.generation = p_generation and e.seq = derived.seq;
      marked := marked + int8multirange(int8range(derived.seq, derived.seq + 1));
    end if;
  end loop;
end`;
  return `create function ${schema}.retract(
  p_tenant text, p_session text, p_generation bigint, p_by bigint, p_ranges int8multirange
) returns void language plpgsql as ${quoteBody(body.replaceAll("SCHEMA", () => schema))}`;
}
