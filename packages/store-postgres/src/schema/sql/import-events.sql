-- What an import is made of, both in one transaction.

-- Locks the slot and returns what is here of a batch, as JSON: the head, the events from one place to another, and the
-- fingerprints of operations. Null without a session. Only the newest fence when another one is named.
create function {{schema}}.import_target(
  p_tenant text, p_session text, p_fence bigint, p_from bigint, p_to bigint, p_operations text[]
) returns text language plpgsql
-- #include by-index
as $body$
declare slot {{schema}}.sessions;
begin
  slot := {{schema}}.lock_session(p_tenant => p_tenant, p_session => p_session);
  if p_fence <> coalesce(slot.fence, 0) then return json_build_object('fence', coalesce(slot.fence, 0))::text; end if;
  if slot.incarnation is null then return null; end if;
  return json_build_object(
    'incarnation', slot.incarnation, 'version', slot.version, 'revision', slot.revision, 'firstSeq', slot.first_seq,
    'sealed', slot.sealed, 'token', slot.token, 'removed', slot.removed,
    'events', (
      select '[' || coalesce(
        string_agg({{schema}}.event_entry(e.seq, e.recorded_at, e.retracted_by, e.content), ',' order by e.seq), ''
      ) || ']'
      from {{schema}}.events as e
      where e.tenant = p_tenant and e.session = p_session and e.generation = slot.generation
        and e.seq >= greatest(p_from, slot.first_seq) and e.seq <= least(p_to, slot.version)
    )::json,
    'operations', coalesce((
      select json_agg(json_build_array(o.id, o.fingerprint))
      from (select sha256(convert_to(a.id, 'UTF8')) as key from unnest(p_operations) as a (id) offset 0) as a
      cross join lateral (
        select o.id, o.fingerprint from {{schema}}.operations as o
        where o.tenant = p_tenant and o.session = p_session and o.key = a.key and o.generation = slot.generation offset 0
      ) as o
    ), '[]')
  )::text;
end
$body$;

-- Writes what core's planImport says, while the slot is locked. Returns the slot; without an incarnation when the session
-- has expired meanwhile.
create function {{schema}}.import_events(
  p_tenant text, p_session text, p_lock_ms text, p_creates boolean, p_adds boolean,
  p_incarnation text, p_subject text, p_metadata text, p_ttl_ms bigint, p_created_at bigint, p_updated_at bigint,
  p_first_seq bigint, p_revision bigint, p_removal_revision bigint, p_removed text, p_bytes bigint, p_seqs bigint[],
  p_types text[], p_agents text[], p_roles text[], p_statuses text[], p_durations double precision[], p_ats bigint[],
  p_pinned boolean[], p_sizes bigint[], p_derived text[], p_contents text[], p_recorded bigint[], p_retracted bigint[],
  p_blanked bigint[], p_operations text, p_retractions text, p_erased text, p_kept text, p_token text
) returns {{schema}}.sessions language plpgsql
-- #include by-index
as $body$
declare
  slot {{schema}}.sessions;
  now_ms bigint;
  part record;
  gone int8multirange := '{}';
  erases boolean := not isempty(p_erased::int8multirange + p_kept::int8multirange);
begin
  if p_creates then
    slot := {{schema}}.start_session(
      p_tenant => p_tenant, p_session => p_session, p_incarnation => p_incarnation, p_subject => p_subject,
      p_metadata => p_metadata, p_ttl_ms => null
    );
  else
    slot := {{schema}}.lock_session(p_tenant => p_tenant, p_session => p_session);
  end if;
  insert into {{schema}}.events (
    tenant, session, generation, seq, type, agent, role, status, duration_ms, at, recorded_at, pinned, retracted_by,
    erased_at, bytes, derived_from, content
  )
  select p_tenant, p_session, slot.generation, e.seq, e.type, e.agent, e.role, e.status, e.duration, e.at, e.recorded,
    e.pinned, e.retracted, e.blanked, e.size, e.derived::int8multirange, e.content
  from unnest(
    p_seqs, p_types, p_agents, p_roles, p_statuses, p_durations, p_ats, p_pinned, p_sizes, p_derived, p_contents,
    p_recorded, p_retracted, p_blanked
  ) as e (
    seq, type, agent, role, status, duration, at, pinned, size, derived, content, recorded, retracted, blanked
  );
  insert into {{schema}}.operations (
    tenant, session, key, id, generation, fingerprint, first_seq, version, revision
  )
  select p_tenant, p_session, sha256(convert_to(o.id, 'UTF8')), o.id, slot.generation, o.fingerprint, o."firstSeq",
    o.version, o.revision
  from json_to_recordset(p_operations::json) as o (
    id text, fingerprint text, "firstSeq" bigint, version bigint, revision bigint
  );
  now_ms := {{nowMs}};
  -- The idle time of a copy starts now, or an old archive could not be restored.
  if p_creates or p_adds then
    update {{schema}}.sessions as s set
      version = coalesce(p_seqs[cardinality(p_seqs)], case when p_creates then p_first_seq - 1 else s.version end),
      first_seq = case when p_creates then p_first_seq else s.first_seq end, sealed = s.sealed or p_creates,
      events = s.events + coalesce(cardinality(p_seqs), 0), bytes = s.bytes + p_bytes,
      created_at = p_created_at, updated_at = p_updated_at, metadata = p_metadata,
      ttl_ms = p_ttl_ms, expires_at = now_ms + p_ttl_ms, expiry_due = now_ms + p_ttl_ms,
      subject = coalesce(p_subject, s.subject),
      subject_key = case when p_subject is null then s.subject_key else sha256(convert_to(p_subject, 'UTF8')) end,
      removal_revision = greatest(s.removal_revision, p_removal_revision), removed = p_removed
    where s.tenant = p_tenant and s.session = p_session;
  end if;
  for part in
    select r.seq, r.ranges from json_to_recordset(p_retractions::json) as r (seq bigint, ranges text) order by r.seq
  loop
    gone := gone + {{schema}}.retract(
      p_tenant => p_tenant, p_session => p_session, p_generation => slot.generation, p_by => part.seq,
      p_ranges => part.ranges::int8multirange
    );
  end loop;
  if p_creates or p_adds or erases then
    -- An erasure adds the last revision itself.
    update {{schema}}.sessions as s set
      revision = case when erases then p_revision - 1 else p_revision end, token = p_token,
      changed = pg_current_xact_id()
    where s.tenant = p_tenant and s.session = p_session;
  end if;
  if not p_creates and not isempty(gone) then
    -- Under the copy's own revision: its removal revision may be beyond the one that the source had for a retraction, and
    -- a writer who read the copy has not seen it.
    update {{schema}}.sessions as s set
      removal_revision = p_revision, removed = {{schema}}.add_removal(s.removed, p_revision, gone)
    where s.tenant = p_tenant and s.session = p_session;
  end if;
  if erases then
    perform {{schema}}.erase_events(
      p_tenant => p_tenant, p_session => p_session, p_lock_ms => p_lock_ms, p_incarnation => null, p_ranges => p_erased,
      p_kept => p_kept, p_token => p_token
    );
  end if;
  return {{schema}}.lock_session(p_tenant => p_tenant, p_session => p_session);
end
$body$;
