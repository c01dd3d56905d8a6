-- Stores all of its parts or none, in one call and one round trip: several, or one with sources, which put_document does
-- not take. A row for each part, with its index, or a single one with what was refused.
create function {{schema}}.put_documents(
-- #include document-parameters
  p_bodies text, p_conditional boolean, p_sourced boolean, p_new_incarnation text, p_subject text, p_init text,
  p_owner text, p_operation text, p_fingerprint text
) returns table (
  r_status text, r_index bigint, r_current bigint, r_version bigint,
  r_created_at bigint, r_updated_at bigint, r_expires_at bigint, r_incarnation text,
  r_record text
) language plpgsql
-- #include by-index
as $body$
#variable_conflict use_column
-- #include document-declarations
  parts json := p_parts::json;
  places bytea[] := array(select decode(p.place, 'hex') from json_to_recordset(parts) as p (place text));
  removed bigint;
  owner_place bytea := coalesce(decode(p_owner, 'hex'), '');
  done record;
  recorded text[];
begin
-- #include document-conditions
-- #include document-operation
-- #include document-guard
  if r_status is not null then
    return next;
    return;
  end if;
  if p_sourced then
-- #include lock-sources
  end if;
  <<attempts>> loop
-- #include document-locks
  if p_conditional then
-- #include document-versions(missing = "0")
    if r_status is not null then
      return next;
      return;
    end if;
    r_current := null;
  end if;
  if gen < 0 then
    slot := {{schema}}.start_session(
      p_tenant => p_tenant, p_session => p_session, p_incarnation => p_new_incarnation, p_subject => p_subject,
      p_metadata => p_init, p_ttl_ms => null
    );
    gen := slot.generation;
  end if;
  if p_session <> '' then
    update {{schema}}.sessions as s set
      changed = pg_current_xact_id(), document_version = greatest(s.document_version + 1, now_us)
    where s.tenant = p_tenant and s.session = p_session returning s.document_version into now_us;
  end if;
  if p_session = '' and cardinality(known) < cardinality(places) then
    -- Before any document: who makes the same ones at the same time must not wait for this while we wait for those.
    insert into {{schema}}.tenants (tenant) values (p_tenant) on conflict do nothing;
  end if;
  r_status := 'done';
  r_incarnation := slot.incarnation;
  r_updated_at := now_ms;
  for part in
    select decode(w.place, 'hex') as place, w.namespace, w.key, w.tags, now_ms + w.ttl as expires_at,
      coalesce(w.value::text, 'null') as value, w.metadata::text as metadata, w.searchable,
      case when octet_length(w.value::text) + octet_length(w.metadata::text) <= {{filterableBytes}}
        then jsonb_build_object('value', w.value::jsonb, 'metadata', w.metadata::jsonb) end as filterable,
      w.derived_from::text as derived_from, w.sources, w.n
    from rows from (
      json_to_recordset(parts) as (place text, namespace text[], key text, tags text[], ttl bigint),
      json_to_recordset(p_bodies::json) as (value json, metadata json, searchable text, "derivedFrom" json, sources json)
    ) with ordinality as w (place, namespace, key, tags, ttl, value, metadata, searchable, derived_from, sources, n)
    order by 1
  loop
    r_index := part.n - 1;
    if part.place = any (known) then
      if cardinality(places) > 1 then
        select d.tags, d.sources into old_tags, old_sources from {{schema}}.documents as d
        where d.tenant = p_tenant and d.session = p_session and d.generation = gen and d.place = part.place;
      end if;
      update {{schema}}.documents as d set
        version = greatest(d.version + 1, now_us), tags = part.tags,
        created_at = case when d.expires_at <= now_ms then now_ms else d.created_at end,
        updated_at = now_ms, expires_at = part.expires_at, value = part.value, metadata = part.metadata,
        filterable = part.filterable, searchable = part.searchable, derived_from = part.derived_from, sources = null
      where d.tenant = p_tenant and d.session = p_session and d.generation = gen and d.place = part.place
      returning d.version, d.created_at into r_version, r_created_at;
    else
      old_tags := '{}';
      old_sources := null;
      r_version := now_us;
      r_created_at := now_ms;
      insert into {{schema}}.documents (
        tenant, session, generation, place, namespace, key, version, tags, created_at, updated_at, expires_at, value,
        metadata, filterable, searchable, derived_from
      ) values (
        p_tenant, p_session, gen, part.place, part.namespace, part.key, now_us, part.tags, now_ms, now_ms,
        part.expires_at, part.value, part.metadata, part.filterable, part.searchable,
        part.derived_from
      ) on conflict do nothing;
      if not found then
        -- Another writer has made it meanwhile. Alone it is tried again here; a batch has written others before it.
        continue attempts when cardinality(places) = 1;
        raise exception 'a document was created meanwhile' using errcode = 'serialization_failure';
      end if;
      if p_session = '' then
        -- Behind the insert: whoever removed a document here has committed, and nobody else can make one.
        select v.version into removed from {{schema}}.document_versions as v
        where v.tenant = p_tenant and v.share = {{schema}}.document_share(part.place);
        if removed >= now_us then
          r_version := removed + 1;
          update {{schema}}.documents as d set version = removed + 1
          where d.tenant = p_tenant and d.session = p_session and d.generation = gen and d.place = part.place;
        end if;
      end if;
    end if;
-- #include document-indexes
    r_expires_at := least(part.expires_at, slot.expires_at);
    if p_operation is not null then
      recorded[part.n] := {{schema}}.put_record(r_version, r_created_at, r_updated_at, r_expires_at);
    end if;
    return next;
  end loop;
  if p_session = '' then
    -- Last, and for one owner: whoever is waited for here waits for no document.
-- #include note-owner(owner = "owner_place", namespace = "part.namespace[:2]", may_be_empty = "false")
  end if;
  if p_operation is not null then
-- #include remember-put(writes = "array_to_string(recorded, ',')")
  end if;
  return;
  end loop;
end
$body$;
