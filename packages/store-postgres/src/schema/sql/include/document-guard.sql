-- The conditions of the session that come after a known operation.
  if p_session <> '' and r_status is null then
    if slot.incarnation is not null and slot.sealed then
      r_status := 'sealed';
    elsif p_fence is not null and p_fence is distinct from slot.fence then
      r_status := 'fence';
      r_current := coalesce(slot.fence, 0);
    end if;
  end if;
