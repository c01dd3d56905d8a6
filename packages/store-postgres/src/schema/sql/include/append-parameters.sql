  p_tenant text, p_session text, p_lock_ms text, p_incarnation text, p_fence bigint, p_expected bigint,
  p_candidate text, p_subject text, p_metadata text, p_ttl_change boolean, p_ttl_ms bigint,
  p_operation text, p_fingerprint text, p_count integer, p_bytes bigint, p_retract_to bigint, p_removal bigint,
  p_token text,
