-- One page of the documents of a unit, or of all that stand alone, as they are stored: the documents, each with its own
-- expiry, and a last row without one. That has the greatest version that was given here, and where the page ended when there
-- may be more. No row without a session.
create function {{schema}}.export_documents(
  p_tenant text, p_session text, p_after text, p_limit bigint, p_bytes bigint
) returns table (
  r_document {{schema}}.documents, r_place text, r_incarnation text, r_version bigint, r_next text
) language plpgsql stable
-- #include in-order
as $body$
declare
  slot {{schema}}.sessions;
  gen bigint := 0;
  now_ms bigint := {{nowMs}};
  one {{schema}}.documents;
  looked bigint := 0;
  listed bigint := 0;
  size bigint := 0;
  last bytea;
begin
  perform set_config('relevo.tenant', p_tenant, true);
  if p_session = '' then
    -- Of those that stand alone nobody keeps it: what is here has come by the clock, was removed, or is looked at.
    select greatest(max(v.version), {{nowUs}}) into r_version from {{schema}}.document_versions as v where v.tenant = p_tenant;
  else
    select s.* into slot from {{schema}}.sessions as s where s.tenant = p_tenant and s.session = p_session;
    if slot.incarnation is null or slot.expires_at <= now_ms then return; end if;
    gen := slot.generation;
    r_incarnation := slot.incarnation;
    r_version := slot.document_version;
  end if;
  for one in
    select d.* from {{schema}}.documents as d
    where d.tenant = p_tenant and d.session = p_session and d.generation = gen
      and d.place > coalesce(decode(p_after, 'hex'), '')
    order by d.place limit p_limit + {{lookBudget}} + 1
  loop
    if listed = p_limit or looked = p_limit + {{lookBudget}}
      or listed > 0 and size + octet_length(one.value) > p_bytes then
      r_next := encode(last, 'hex');
      exit;
    end if;
    looked := looked + 1;
    last := one.place;
    r_version := greatest(r_version, one.version);
    continue when one.expires_at <= now_ms;
    listed := listed + 1;
    size := size + octet_length(one.value);
    r_document := one;
    r_place := encode(one.place, 'hex');
    return next;
  end loop;
  r_document := null;
  r_place := null;
  return next;
end
$body$;
