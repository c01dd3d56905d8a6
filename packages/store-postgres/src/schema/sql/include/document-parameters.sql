  p_tenant text, p_session text, p_lock_ms text, p_incarnation text, p_fence bigint, p_parts text,
