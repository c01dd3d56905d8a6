-- Lists one slot, until there are enough sessions or the call has looked at all it may.
      r_session := slot;
      looked := looked + 1;
      r_listed := slot.incarnation is not null and (slot.expires_at is null or slot.expires_at > {{nowMs}})
        and (p_idle is null or slot.updated_at <= p_idle) and (p_subject is null or slot.subject = p_subject)
        and slot.session ^@ p_prefix;
      r_edge := looked = p_limit + {{lookBudget}};
      if r_listed or r_edge then return next; end if;
      if r_listed then listed := listed + 1; end if;
      if listed > p_limit then return; end if;
