  if p_fence <> coalesce(slot.fence, 0) then
    r_status := 'fence';
    r_current := coalesce(slot.fence, 0);
    return;
  end if;
