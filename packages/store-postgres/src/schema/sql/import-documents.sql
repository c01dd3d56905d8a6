-- Stores documents of one unit as another store has them, all or none, in one call and one round trip; and raises what later
-- versions of the unit are above to `p_floor`. Those whose time is over are left out and counted.
create function {{schema}}.import_documents(
-- #include document-parameters
  p_bodies text, p_sourced boolean, p_owner text, p_floor bigint,
  out r_status text, out r_index bigint, out r_current bigint, out r_incarnation text, out r_expired bigint
) language plpgsql
-- #include by-index
as $body$
#variable_conflict use_column
-- #include document-declarations
  parts json := p_parts::json;
  places bytea[] := array(select decode(p.place, 'hex') from json_to_recordset(parts) as p (place text));
  owner_place bytea := decode(p_owner, 'hex');
  owner_names text[];
  has_ended boolean[] := '{}';
begin
-- #include set-tenant
  if p_session <> '' then
    slot := {{schema}}.lock_session(p_tenant => p_tenant, p_session => p_session);
    if slot.incarnation is null then
      r_status := 'missing';
      return;
    end if;
    if slot.incarnation is distinct from p_incarnation then
      r_status := 'incarnation';
      r_incarnation := slot.incarnation;
      return;
    end if;
-- #include fence
    gen := slot.generation;
  end if;
  if p_sourced then
-- #include lock-sources
  end if;
-- #include document-locks
  r_expired := 0;
  for part in
    select decode(p.place, 'hex') as place, p.expected, p.expires, p.n
    from rows from (json_to_recordset(parts) as (place text, expected bigint, expires bigint))
      with ordinality as p (place, expected, expires, n)
    order by p.n
  loop
    has_ended[part.n] := coalesce(part.expires <= now_ms, false);
    if has_ended[part.n] then
      r_expired := r_expired + 1;
      continue;
    end if;
    select d.version into r_current from {{schema}}.documents as d
    where d.tenant = p_tenant and d.session = p_session and d.generation = gen and d.place = part.place
      and (d.expires_at is null or d.expires_at > now_ms);
    if coalesce(r_current, 0) <> part.expected then
      r_status := 'version';
      r_current := coalesce(r_current, 0);
      r_index := part.n - 1;
      return;
    end if;
  end loop;
  r_current := null;
  r_status := 'done';
  if r_expired = cardinality(places) and p_floor <= coalesce(slot.document_version, now_us) then return; end if;
  if p_session <> '' and not slot.sealed then
    r_status := 'unsealed';
    r_current := slot.version;
    return;
  end if;
  if p_session = '' and cardinality(known) < cardinality(places) then
    -- Before any document, as in put_documents.
    insert into {{schema}}.tenants (tenant) values (p_tenant) on conflict do nothing;
  end if;
  for part in
    select decode(w.place, 'hex') as place, w.namespace, w.key, w.tags, w.version, w.created, w.updated, w.expires,
      coalesce(w.value::text, 'null') as value, w.metadata::text as metadata, w.searchable,
      case when octet_length(w.value::text) + octet_length(w.metadata::text) <= {{filterableBytes}}
        then jsonb_build_object('value', w.value::jsonb, 'metadata', w.metadata::jsonb) end as filterable,
      w.derived_from::text as derived_from, w.sources
    from rows from (
      json_to_recordset(parts) as (
        place text, namespace text[], key text, tags text[], version bigint, created bigint, updated bigint, expires bigint
      ),
      json_to_recordset(p_bodies::json) as (value json, metadata json, searchable text, "derivedFrom" json, sources json)
    ) with ordinality as w (
      place, namespace, key, tags, version, created, updated, expires, value, metadata, searchable, derived_from, sources, n
    )
    where not has_ended[w.n] order by 1
  loop
    owner_names := part.namespace[:2];
    if part.place = any (known) then
      select d.tags, d.sources into old_tags, old_sources from {{schema}}.documents as d
      where d.tenant = p_tenant and d.session = p_session and d.generation = gen and d.place = part.place;
      update {{schema}}.documents as d set
        version = part.version, tags = part.tags, created_at = part.created, updated_at = part.updated,
        expires_at = part.expires, value = part.value, metadata = part.metadata, filterable = part.filterable,
        searchable = part.searchable, derived_from = part.derived_from, sources = null
      where d.tenant = p_tenant and d.session = p_session and d.generation = gen and d.place = part.place;
    else
      old_tags := '{}';
      old_sources := null;
      insert into {{schema}}.documents (
        tenant, session, generation, place, namespace, key, version, tags, created_at, updated_at, expires_at, value,
        metadata, filterable, searchable, derived_from
      ) values (
        p_tenant, p_session, gen, part.place, part.namespace, part.key, part.version, part.tags, part.created, part.updated,
        part.expires, part.value, part.metadata, part.filterable, part.searchable, part.derived_from
      ) on conflict do nothing;
      if not found then
        raise exception 'a document was created meanwhile' using errcode = 'serialization_failure';
      end if;
    end if;
-- #include document-indexes
  end loop;
  if p_session <> '' then
    update {{schema}}.sessions as s set
      changed = pg_current_xact_id(), document_version = greatest(s.document_version, p_floor)
    where s.tenant = p_tenant and s.session = p_session;
    return;
  end if;
  if p_floor >= now_us then
    -- The clock of the source is ahead. A document that is made here is above the share of its address.
    insert into {{schema}}.document_versions as v (tenant, share, version)
    select p_tenant, n.share, p_floor from generate_series(0, 63) as n (share) order by n.share
    on conflict (tenant, share) do update set version = excluded.version where v.version < excluded.version;
  end if;
  if owner_names is not null then
-- #include note-owner(owner = "owner_place", namespace = "owner_names", may_be_empty = "false")
  end if;
end
$body$;
