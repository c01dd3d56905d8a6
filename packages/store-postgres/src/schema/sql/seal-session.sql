create function {{schema}}.seal_session(
-- #include session-parameters
  p_fence bigint, p_expected bigint, p_sealed boolean, p_token text,
  out r_status text, out r_current bigint, out r_previous text, out r_head {{schema}}.sessions
) language plpgsql
-- #include by-index
as $body$
#variable_conflict use_column
declare
  slot {{schema}}.sessions;
  now_ms bigint;
begin
-- #include session-guard
  if slot.incarnation is null then
    r_status := 'missing';
    return;
  end if;
-- #include fence
  if p_expected is not null and p_expected <> slot.version then
    r_status := 'version';
    r_current := slot.version;
    return;
  end if;
  update {{schema}}.sessions as s set
    sealed = p_sealed, changed = pg_current_xact_id(), revision = s.revision + (s.sealed <> p_sealed)::integer,
    token = case when s.sealed = p_sealed then s.token else p_token end
  where s.tenant = p_tenant and s.session = p_session returning * into r_head;
  r_status := 'done';
end
$body$;
