  -- Assignments, which cost a tenth of a PERFORM.
  p_tenant := set_config('relevo.tenant', p_tenant, true);
  p_lock_ms := set_config('lock_timeout', p_lock_ms, true);
