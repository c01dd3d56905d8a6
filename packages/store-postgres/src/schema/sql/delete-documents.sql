-- Removes all of its parts or none, in one call and one round trip.
create function {{schema}}.delete_documents(
-- #include document-parameters
  p_owner text, p_operation text, p_fingerprint text,
  out r_status text, out r_index bigint, out r_current bigint, out r_removed bigint, out r_record text,
  -- Whether anything may be derived from what is gone; null when that was not looked at.
  out r_derived boolean
) language plpgsql
-- #include by-index
as $body$
-- #include document-declarations
  parts json := p_parts::json;
  places bytea[] := array(select decode(p.place, 'hex') from json_to_recordset(parts) as p (place text));
  owner_place bytea := coalesce(decode(p_owner, 'hex'), '');
  done record;
  asked bytea;
  source_key bytea;
begin
-- #include document-conditions
-- #include document-operation
-- #include document-guard
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
  if p_operation is not null and gen >= 0 then
    insert into {{schema}}.document_operations values (
      p_tenant, p_session, owner_place, sha256(convert_to(p_operation, 'UTF8')), gen,
      '{"fingerprint":' || to_json(p_fingerprint)::text || ',"deleted":' || r_removed || '}', now_ms
    );
  end if;
  -- Behind the locks of put_documents on its sources: what is derived from these is visible now, or finds them gone.
  r_derived := false;
  foreach asked in array places loop
    source_key := {{schema}}.document_source(p_session, asked, null);
    r_derived := r_derived or exists (
      select from {{schema}}.document_sources as s where s.tenant = p_tenant and s.source = source_key
    );
  end loop;
  r_status := 'done';
end
$body$;
