import { byIndex, nowMs, pinnedPath, quoteBody } from "./sql-text.ts";

/**
 * How long the operations of an ended incarnation are remembered, so that a late retry cannot bring a deleted session
 * back. In milliseconds; 25 hours, one to spare.
 */
export const operationMemoryMs: number = 25 * 3600 * 1000;

const checkConditions = `
    slot := SCHEMA.lock_session(p_tenant, p_session);
    now_ms := ${nowMs};
    live := slot.incarnation is not null;
    before := case when live then slot.version else 0 end;
    if p_incarnation is not null and (not live or slot.incarnation <> p_incarnation) then return 'ended'; end if;
    if op_key is not null then
      -- The newest. Without a limit, for which the planner would rather go through all operations of the tenant.
      select o.generation, o.fingerprint, o.first_seq, o.version, o.revision into known from SCHEMA.operations as o
      where o.tenant = p_tenant and o.session = p_session and o.key = op_key order by o.generation desc;
      if found then
        if live and known.generation = slot.generation then
          if known.fingerprint <> p_fingerprint then return 'operation'; end if;
          return concat_ws('|', 'replayed', known.first_seq, known.version, known.revision, slot.incarnation);
        end if;
        if known.generation = slot.generation or exists (
          select from SCHEMA.endings as e
          where e.tenant = p_tenant and e.session = p_session and e.generation = known.generation
            and e.ended_at > now_ms - ${operationMemoryMs}
        ) then
          return 'ended';
        end if;
      end if;
    end if;
    if live and slot.sealed then return 'sealed'; end if;
    if p_fence is not null and p_fence <> coalesce(slot.fence, 0) then
      return 'fence|' || coalesce(slot.fence, 0);
    end if;
    if p_expected is not null and p_expected <> before then return 'version|' || before; end if;
    if p_removal is not null then
      removal := case when live then slot.removal_revision else 0 end;
      -- A revision that is still to come was read from another state than this one.
      if p_removal > removal or (p_removal < removal and DERIVED) then return 'removal|' || removal; end if;
    end if;
    if p_retract_to > before then return 'retraction|' || before; end if;`;

/**
 * The append, in one call and so in one round trip; `append_one` for a single event that retracts nothing, which
 * costs a tenth less without arrays.
 *
 * The common case is one update of the slot that carries all conditions: who wins the row's lock sees the row as the
 * one before left it. Whatever does not fit (no session, a known operation, any conflict) locks the slot first and
 * then looks at the conditions one by one in the order of the port. What the update looks up besides the row is as the
 * call found it, before it waited for the lock: an operation that came in between is met by the primary key, one of an
 * incarnation that came and went by the generation, and the call is repeated. Refusals are results: only what must be
 * undone is raised.
 *
 * Returns `appended` or `replayed` with `|first seq|version|revision|incarnation`, or what was refused, with the
 * current value. Of the plans that the server could make for each call anew, which takes longer than running them, it
 * keeps the first.
 */
export function appendFunction(schema: string, events: "one" | "many"): string {
  const body = `
#variable_conflict use_column
declare
  slot SCHEMA.sessions;
  known record;
  op_key bytea;
  now_ms bigint;
  before bigint;
  live boolean;
  removal bigint;
  gone int8multirange := '{}';
begin
  -- Assignments, which cost a tenth of a PERFORM.
  p_tenant := set_config('relevo.tenant', p_tenant, true);
  p_lock_ms := set_config('lock_timeout', p_lock_ms, true);
  if p_operation is not null then op_key := sha256(convert_to(p_operation, 'UTF8')); end if;

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
    and (p_removal is null or s.removal_revision = p_removal)
    and p_retract_to <= s.version
    and (op_key is null or not exists (
      select from SCHEMA.operations as o where o.tenant = p_tenant and o.session = p_session and o.key = op_key
    ) and s.generation = (
      select c.generation from SCHEMA.sessions as c where c.tenant = p_tenant and c.session = p_session
    ))
  returning * into slot;

  if not found then
${checkConditions}
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
  if op_key is not null then
    insert into SCHEMA.operations values (
      p_tenant, p_session, op_key, p_operation, slot.generation, p_fingerprint, before + 1, slot.version, slot.revision
    );
  end if;
${events === "one" ? insertOne : insertMany}
  return concat_ws('|', 'appended', before + 1, slot.version, slot.revision, slot.incarnation);
end`;
  const text = body.replace("DERIVED", () => isRemovedFrom[events]);
  return `create function ${schema}.${events === "one" ? "append_one" : "append"}(
  p_tenant text, p_session text, p_lock_ms text, p_incarnation text, p_fence bigint, p_expected bigint,
  p_candidate text, p_subject text, p_metadata text, p_ttl_change boolean, p_ttl_ms bigint,
  p_operation text, p_fingerprint text, p_count integer, p_bytes bigint, p_retract_to bigint,
  p_removal bigint,
  ${events === "one" ? oneEvent : manyEvents}
) returns text language plpgsql ${pinnedPath} set plan_cache_mode = force_generic_plan ${byIndex}
as ${quoteBody(text.replaceAll("SCHEMA", () => schema))}`;
}

/** Whether what the events repeat was removed after their writer read it. */
const isRemovedFrom = {
  one: "p_derived::int8multirange && SCHEMA.removed_since(slot.removed, p_removal)",
  many: `exists (
        select from unnest(p_derived) as d (ranges)
        where d.ranges::int8multirange && SCHEMA.removed_since(slot.removed, p_removal)
      )`,
} as const;

/**
 * A character that JSON writes as an escape, so that it stands in no content: an array's own syntax would double each of
 * a content's many quotes.
 */
export const contentSeparator = 30;

const oneEvent = `p_type text, p_agent text, p_role text, p_status text, p_duration double precision, p_at bigint,
  p_pinned boolean, p_size bigint, p_derived text, p_content text`;

const insertOne = `
  insert into SCHEMA.events values (
    p_tenant, p_session, slot.generation, slot.version, p_type, p_agent, p_role, p_status, p_duration, p_at, now_ms,
    p_pinned, null, null, p_size, p_derived::int8multirange, p_content
  );`;

const manyEvents = `p_types text[], p_agents text[], p_roles text[], p_statuses text[], p_durations double precision[],
  p_ats bigint[], p_pinned boolean[], p_sizes bigint[], p_derived text[], p_contents text, p_retractions integer[],
  p_retracted text[]`;

const insertMany = `
  if p_count > 0 then
    insert into SCHEMA.events
    select p_tenant, p_session, slot.generation, before + e.n, e.type, e.agent, e.role, e.status,
      e.duration, e.at, now_ms, e.pinned, null, null, e.size, e.derived::int8multirange, e.content
    from unnest(
      p_types, p_agents, p_roles, p_statuses, p_durations, p_ats, p_pinned, p_sizes, p_derived,
      string_to_array(p_contents, chr(${contentSeparator}))
    ) with ordinality as e (type, agent, role, status, duration, at, pinned, size, derived, content, n);
  end if;
  for index in 1 .. coalesce(array_length(p_retractions, 1), 0) loop
    gone := gone + SCHEMA.retract(
      p_tenant, p_session, slot.generation, before + p_retractions[index], p_retracted[index]::int8multirange
    );
  end loop;
  if not isempty(gone) then
    update SCHEMA.sessions as s set
      removal_revision = slot.revision, removed = SCHEMA.add_removal(s.removed, slot.revision, gone)
    where s.tenant = p_tenant and s.session = p_session;
  end if;`;

/**
 * Marks what a retraction takes out: messages and summaries in its ranges that are neither marked nor blank, and the
 * summaries that repeat what was marked, in one pass, because a summary is newer than its sources. Returns all of it.
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
  if isempty(marked) then return marked; end if;
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
  return marked;
end`;
  return `create function ${schema}.retract(
  p_tenant text, p_session text, p_generation bigint, p_by bigint, p_ranges int8multirange
) returns int8multirange language plpgsql ${pinnedPath} as ${quoteBody(body.replaceAll("SCHEMA", () => schema))}`;
}
