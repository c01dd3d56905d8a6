-- Removes all of its parts or none, in one call and one round trip.
create function {{schema}}.delete_documents(
-- #include document-parameters
  out r_status text, out r_index bigint, out r_current bigint, out r_removed bigint
) language plpgsql
-- #include by-index
as $body$
-- #include document-declarations
  parts json := p_parts::json;
  places bytea[] := array(select decode(p.place, 'hex') from json_to_recordset(parts) as p (place text));
begin
-- #include document-conditions
  if r_status is not null then return; end if;
-- #include document-locks
  if known <> '{}' then
-- #include document-versions(missing = "null")
    if r_status is not null then return; end if;
    r_current := null;
    r_removed := {{schema}}.remove_documents(
      p_tenant => p_tenant, p_session => p_session, p_generation => gen, p_places => known, p_now_ms => now_ms
    );
    if p_session <> '' and r_removed > 0 then
      perform {{schema}}.note_session(p_tenant => p_tenant, p_session => p_session);
    end if;
  end if;
  r_removed := coalesce(r_removed, 0);
  r_status := 'done';
end
$body$;
