  perform set_config('relevo.tenant', p_tenant, true), set_config('lock_timeout', p_lock_ms, true);
