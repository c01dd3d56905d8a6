-- Moves the head of the session, or returns why not. The common case is one update of the slot that carries all
-- conditions: the writer that gets the row's lock sees the row as the previous one left it. Whatever does not fit (no
-- session, a known operation, any conflict) locks the slot, checks the conditions one by one in the order of the port, and
-- then updates without them. So does a call that waited for another writer, whose row is newer than the clock here, or than
-- the snapshot in which the operation was looked up; one that slips in behind that violates the primary key, and the call is
-- repeated. Refusals are results: only what must be undone is raised.
--
-- Few expressions and few columns to return, because preparing them for each call costs more than evaluating them.
-- #include set-tenant
  if p_operation is not null then op_key := sha256(convert_to(p_operation, 'UTF8')); end if;

  now_ms := {{nowMs}};

  loop
    update {{schema}}.sessions as s set
      version = s.version + p_count, revision = s.revision + 1, token = p_token, previous_token = s.token,
      changed = pg_current_xact_id(), events = s.events + p_count, bytes = s.bytes + p_bytes, updated_at = now_ms,
      ttl_ms = case when p_ttl_change then p_ttl_ms else s.ttl_ms end,
      expires_at = now_ms + case when p_ttl_change then p_ttl_ms else s.ttl_ms end,
      expiry_due = case
        when not p_ttl_change then least(s.expiry_due, now_ms + s.ttl_ms)
        when p_ttl_ms is not null then least(s.expiry_due, now_ms + p_ttl_ms)
      end
    where s.tenant = p_tenant and s.session = p_session and (checked or s.incarnation is not null and not s.sealed
      and s.updated_at <= now_ms
      and (s.expires_at is null or s.expires_at > now_ms)
      and (p_incarnation is null or s.incarnation = p_incarnation)
      and (p_fence is null or s.fence = p_fence)
      and (p_expected is null or s.version = p_expected)
      and (p_removal is null or s.removal_revision = p_removal)
      and p_retract_to <= s.version
      and (op_key is null or pg_visible_in_snapshot(s.changed, pg_current_snapshot()) and not exists (
        select from {{schema}}.operations as o where o.tenant = p_tenant and o.session = p_session and o.key = op_key
      )))
    returning s.generation, s.version, s.revision, s.incarnation, s.previous_token
    into head_generation, head_version, head_revision, head_incarnation, found_token;
    exit when found;

    slot := {{schema}}.lock_session(p_tenant => p_tenant, p_session => p_session);
    now_ms := {{nowMs}};
    live := slot.incarnation is not null;
    before := case when live then slot.version else 0 end;
    if p_incarnation is not null and (not live or slot.incarnation <> p_incarnation) then return 'ended'; end if;
    if op_key is not null then
      -- The newest. Without a limit, for which the planner would rather go through all operations of the tenant.
      select o.generation, o.fingerprint, o.first_seq, o.version, o.revision into known from {{schema}}.operations as o
      where o.tenant = p_tenant and o.session = p_session and o.key = op_key order by o.generation desc;
      if found then
        if live and known.generation = slot.generation then
          if known.fingerprint <> p_fingerprint then return 'operation'; end if;
          return concat_ws(
            '|', 'replayed', known.first_seq, known.version, known.revision, slot.token, slot.token, '-', slot.incarnation
          );
        end if;
        if known.generation = slot.generation or exists (
          select from {{schema}}.endings as e
          where e.tenant = p_tenant and e.session = p_session and e.generation = known.generation
            and e.ended_at > now_ms - {{operationMemoryMs}}
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
      if p_removal > removal or (
        p_removal < removal
        and {{schema}}.derives_from(p_derived => p_derived, p_removed => {{schema}}.removed_since(slot.removed, p_removal))
      ) then
        return 'removal|' || removal;
      end if;
    end if;
    if p_retract_to > before then return 'retraction|' || before; end if;
    created := not live;
    if created then
      slot := {{schema}}.start_session(
        p_tenant => p_tenant, p_session => p_session, p_incarnation => p_candidate, p_subject => p_subject,
        p_metadata => p_metadata, p_ttl_ms => p_ttl_ms
      );
      now_ms := slot.updated_at;
    end if;
    checked := true;
  end loop;

  before := head_version - p_count;
  if op_key is not null then
    insert into {{schema}}.operations values (
      p_tenant, p_session, op_key, p_operation, head_generation, p_fingerprint, before + 1, head_version, head_revision
    );
  end if;
