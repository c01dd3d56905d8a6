-- Leases are in the slot, so that an append checks its fence in the row that it locks anyway.
create function {{schema}}.acquire_lease(
  p_tenant text, p_session text, p_lock_ms text, p_ttl_ms bigint, p_take_over boolean,
  out r_status text, out r_fence bigint, out r_until bigint, out r_now bigint
) language plpgsql
-- #include by-index
as $body$
declare
  slot {{schema}}.sessions;
  now_us bigint;
begin
-- #include set-tenant
  insert into {{schema}}.tenants (tenant) values (p_tenant) on conflict do nothing;
  insert into {{schema}}.sessions (tenant, session, generation) values (p_tenant, p_session, {{nowMs}} * 1000)
  on conflict do nothing;
  select * into slot from {{schema}}.sessions as s where s.tenant = p_tenant and s.session = p_session for update;
  if not found then
    raise exception 'the slot was removed meanwhile' using errcode = 'serialization_failure';
  end if;
  now_us := {{nowUs}};
  if slot.lease_until > now_us / 1000 and not p_take_over then
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
  update {{schema}}.sessions as s set fence = r_fence, lease_until = r_until
  where s.tenant = p_tenant and s.session = p_session;
end
$body$;

-- Without a time to live it gives the lease back.
create function {{schema}}.renew_lease(
  p_tenant text, p_session text, p_lock_ms text, p_fence bigint, p_ttl_ms bigint,
  out r_status text, out r_until bigint
) language plpgsql
-- #include by-index
as $body$
declare slot {{schema}}.sessions;
begin
-- #include set-tenant
  select * into slot from {{schema}}.sessions as s where s.tenant = p_tenant and s.session = p_session for update;
  -- One that ran out may still be renewed while nobody else was granted; one that was given back may not.
  if not found or slot.fence <> p_fence or slot.lease_until is null then
    r_status := 'lease';
    return;
  end if;
  r_status := 'done';
  r_until := case when p_ttl_ms is null then null else {{nowMs}} + p_ttl_ms end;
  update {{schema}}.sessions as s set lease_until = r_until
  where s.tenant = p_tenant and s.session = p_session;
end
$body$;
