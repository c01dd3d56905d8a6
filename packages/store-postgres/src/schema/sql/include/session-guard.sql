-- How each change of a session begins: the slot is locked, and the incarnation is the one that the caller knows.
-- #include set-tenant
  slot := {{schema}}.lock_session(p_tenant, p_session);
  now_ms := {{nowMs}};
  if p_incarnation is not null and p_incarnation is distinct from slot.incarnation then
    r_status := 'ended';
    return;
  end if;
  r_previous := slot.token;
