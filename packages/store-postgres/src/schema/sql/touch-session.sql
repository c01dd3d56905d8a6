create function {{schema}}.touch_session(
-- #include session-parameters
  p_ttl_change boolean, p_ttl_ms bigint, p_subject text, p_metadata text, p_token text,
  out r_status text, out r_current bigint, out r_previous text, out r_head {{schema}}.sessions
) language plpgsql
-- #include by-index
as $body$
#variable_conflict use_column
declare
  slot {{schema}}.sessions;
  now_ms bigint;
  changes boolean;
begin
-- #include session-guard
  if slot.incarnation is null then
    r_status := 'missing';
    return;
  end if;
  if slot.sealed then
    r_status := 'sealed';
    return;
  end if;
  changes := p_subject is not null or p_metadata is not null;
  if p_ttl_change then slot.ttl_ms := p_ttl_ms; end if;
  changes := changes or slot.expires_at is distinct from now_ms + slot.ttl_ms;
  slot.expires_at := now_ms + slot.ttl_ms;
  update {{schema}}.sessions as s set
    ttl_ms = slot.ttl_ms, expires_at = slot.expires_at, updated_at = now_ms, changed = pg_current_xact_id(),
    expiry_due = case when slot.ttl_ms is null then null else least(s.expiry_due, slot.expires_at) end,
    subject = coalesce(p_subject, s.subject),
    subject_key = case when p_subject is null then s.subject_key else sha256(convert_to(p_subject, 'UTF8')) end,
    metadata = coalesce(p_metadata, s.metadata),
    revision = s.revision + changes::integer, token = case when changes then p_token else s.token end
  where s.tenant = p_tenant and s.session = p_session returning * into r_head;
  r_status := 'done';
end
$body$;
