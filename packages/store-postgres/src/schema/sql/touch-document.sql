-- Gives a document another end, in one call and one round trip.
create function {{schema}}.touch_document(
-- #include document-parameters
  p_ttl_ms bigint, p_owner text,
  out r_status text, out r_index bigint, out r_current bigint, out r_document {{schema}}.documents, out r_incarnation text
) language plpgsql
-- #include by-index
as $body$
-- #include document-declarations
  places bytea[] := array[decode(p_parts, 'hex')];
  owner_place bytea := decode(p_owner, 'hex');
begin
-- #include document-conditions
-- #include document-guard
  if r_status is not null then return; end if;
-- #include document-locks
  update {{schema}}.documents as d set expires_at = now_ms + p_ttl_ms
  where d.tenant = p_tenant and d.session = p_session and d.generation = gen and d.place = places[1]
    and (d.expires_at is null or d.expires_at > now_ms)
  returning * into r_document;
  r_status := case when found then 'done' else 'missing' end;
  if r_status = 'done' and p_session = '' then
-- #include note-owner(owner = "owner_place", namespace = "r_document.namespace[:2]", may_be_empty = "false")
  elsif r_status = 'done' then
    perform {{schema}}.note_session(p_tenant => p_tenant, p_session => p_session);
  end if;
  r_document.expires_at := least(r_document.expires_at, slot.expires_at);
  r_incarnation := slot.incarnation;
end
$body$;
