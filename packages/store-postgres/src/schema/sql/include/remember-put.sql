-- Keeps what replays the operation.
    insert into {{schema}}.document_operations values (
      p_tenant, p_session, owner_place, sha256(convert_to(p_operation, 'UTF8')), gen,
      '{"fingerprint":' || to_json(p_fingerprint)::text
        || coalesce(',"incarnation":' || to_json(slot.incarnation)::text, '')
        || ',"writes":[' || {{writes}} || ']}', now_ms
    );
