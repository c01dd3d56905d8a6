-- Every write to a session is made of these. lock_session orders the writers of a slot; its caller decides on what it
-- returns, and calls start_session when there is no session.

-- Locks the slot and returns it as it is now: one whose session has expired or ended has no incarnation. Null when there
-- is no slot. Read the clock after it, not before.
create function {{schema}}.lock_session(p_tenant text, p_session text) returns {{schema}}.sessions
language plpgsql set search_path = pg_catalog, pg_temp as $body$
declare slot {{schema}}.sessions;
begin
  select * into slot from {{schema}}.sessions as s where s.tenant = p_tenant and s.session = p_session for update;
  if slot.incarnation is not null and slot.expires_at <= {{nowMs}} then slot.incarnation := null; end if;
  return slot;
end
$body$;

-- Gives the slot a new incarnation at version 0, and records the end of the one that had expired. Call it while the slot
-- is locked or absent. When another writer made the slot meanwhile, the whole transaction is to be repeated.
create function {{schema}}.start_session(
  p_tenant text, p_session text, p_incarnation text, p_subject text, p_metadata text, p_ttl_ms bigint
) returns {{schema}}.sessions
language plpgsql set search_path = pg_catalog, pg_temp as $body$
declare
  slot {{schema}}.sessions;
  now_ms bigint;
begin
  insert into {{schema}}.tenants (tenant) values (p_tenant) on conflict do nothing;
  select * into slot from {{schema}}.sessions as s where s.tenant = p_tenant and s.session = p_session for update;
  now_ms := {{nowMs}};
  if not found then
    -- The generation never decreases, also when a slot is purged: it begins at the time.
    insert into {{schema}}.sessions (
      tenant, session, incarnation, generation, subject, subject_key, metadata, created_at, updated_at, ttl_ms,
      expires_at, expiry_due, changed
    ) values (
      p_tenant, p_session, p_incarnation, now_ms * 1000, p_subject, sha256(convert_to(p_subject, 'UTF8')), p_metadata,
      now_ms, now_ms, p_ttl_ms, now_ms + p_ttl_ms, now_ms + p_ttl_ms,
      pg_current_xact_id()
    ) on conflict do nothing returning * into slot;
    if not found then
      raise exception 'the session was created meanwhile' using errcode = 'serialization_failure';
    end if;
    return slot;
  end if;
  if slot.incarnation is not null then
    if slot.expires_at is null or slot.expires_at > now_ms then
      raise exception 'the session was created meanwhile' using errcode = 'serialization_failure';
    end if;
    insert into {{schema}}.endings (tenant, session, generation, incarnation, ended_at)
    values (p_tenant, p_session, slot.generation, slot.incarnation, now_ms);
  end if;
  update {{schema}}.sessions as s set
    incarnation = p_incarnation, generation = greatest(s.generation + 1, now_ms * 1000),
    version = 0, revision = 0, removal_revision = 0, removed = '', token = '', first_seq = 1, events = 0, bytes = 0,
    sealed = false,
    subject = p_subject, subject_key = sha256(convert_to(p_subject, 'UTF8')), metadata = p_metadata,
    created_at = now_ms, updated_at = now_ms,
    ttl_ms = p_ttl_ms, expires_at = now_ms + p_ttl_ms, expiry_due = now_ms + p_ttl_ms, changed = pg_current_xact_id()
  where s.tenant = p_tenant and s.session = p_session returning * into slot;
  return slot;
end
$body$;

-- Ends the incarnation of a slot that is locked.
create function {{schema}}.close_incarnation(p_tenant text, p_session text, p_now_ms bigint) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $body$
begin
  insert into {{schema}}.endings (tenant, session, generation, incarnation, ended_at)
  select s.tenant, s.session, s.generation, s.incarnation, p_now_ms from {{schema}}.sessions as s
  where s.tenant = p_tenant and s.session = p_session;
  -- The generation and the fence only grow: neither may ever be given again. The generation of a slot without a session
  -- is the time at which it ended, so that upkeep finds those that are old and looks at no other.
  update {{schema}}.sessions as s set
    incarnation = null, generation = greatest(s.generation, p_now_ms * 1000), version = 0, revision = 0,
    removal_revision = 0, removed = '', token = '', first_seq = 1, events = 0, bytes = 0, subject = null,
    subject_key = null,
    metadata = '{}', ttl_ms = null, expires_at = null, expiry_due = null, sealed = false,
    updated_at = -9007199254740992, changed = pg_current_xact_id()
  where s.tenant = p_tenant and s.session = p_session;
end
$body$;
