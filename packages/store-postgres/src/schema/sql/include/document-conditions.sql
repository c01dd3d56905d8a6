-- How each write of documents begins: the conditions of the session, in the order of the port. Sets `r_status` to what is
-- refused. Refusals are results: only what must be undone is raised.
--
-- One document at a time, here and below, by the whole of its primary key. Asked for all places of a batch at once, a
-- planner without statistics reads the whole unit and compares: 1,000 documents among 5,000 took half a minute.
-- #include set-tenant
  if p_session <> '' then
    slot := {{schema}}.lock_session(p_tenant => p_tenant, p_session => p_session);
    if p_incarnation is not null and p_incarnation is distinct from slot.incarnation then r_status := 'ended'; end if;
    gen := case when slot.incarnation is null then -1 else slot.generation end;
  end if;
