-- Appends a single event that retracts nothing, which costs a tenth less without arrays. Returns as append does.
create function {{schema}}.append_one(
-- #include append-parameters
  p_type text, p_agent text, p_role text, p_status text, p_duration double precision, p_at bigint, p_pinned boolean,
  p_derived text, p_content text
) returns text language plpgsql set plan_cache_mode = force_generic_plan
-- #include by-index
as $body$
-- #include append-declarations
begin
-- #include append-head
  insert into {{schema}}.events values (
    p_tenant, p_session, head_generation, head_version, p_type, p_agent, p_role, p_status, p_duration, p_at, now_ms,
    p_pinned, null, null, p_bytes, p_derived::int8multirange, p_content
  );
  return concat_ws(
    '|', 'appended', head_version, head_version, head_revision, p_token,
    case when created then '-' else found_token end, now_ms, head_incarnation
  );
end
$body$;
