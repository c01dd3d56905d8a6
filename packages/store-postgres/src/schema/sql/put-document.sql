-- Stores one document that names no sources, which costs a third less without JSON and rows. Returns
-- `done|version|created at|updated at|expires at|incarnation`, `known|` and the record of the operation, or what was refused,
-- with the current value. Of the plans that the server could make for each call it keeps the first.
--
-- The common case is one update of a document that is there and keeps its tags. Whatever does not fit locks the document,
-- reads the clock again, and looks. So does a call that waited for another writer, whose document is newer than the clock here.
create function {{schema}}.put_document(
  p_tenant text, p_session text, p_lock_ms text, p_incarnation text, p_fence bigint,
  p_place text, p_namespace text[], p_key text, p_tags text[], p_ttl_ms bigint, p_expected bigint,
  p_value text, p_metadata text, p_searchable text,
  p_new_incarnation text, p_subject text, p_init text, p_owner text, p_operation text, p_fingerprint text
) returns text language plpgsql set plan_cache_mode = force_generic_plan
-- #include by-index
as $body$
#variable_conflict use_column
-- #include document-declarations
  r_status text;
  r_current bigint;
  r_record text;
  r_version bigint;
  r_created_at bigint;
  r_expires_at bigint;
  -- Not `place`, which a query would take for the column.
  wanted constant bytea := decode(p_place, 'hex');
  owner_place constant bytea := coalesce(decode(p_owner, 'hex'), '');
  done record;
  removed bigint;
  ends_at bigint;
  locked boolean := false;
  content jsonb;
begin
-- #include document-conditions
-- #include document-operation
-- #include document-guard
  if r_status is not null then return concat_ws('|', r_status, r_current, r_record); end if;
  if octet_length(p_value) + octet_length(p_metadata) <= {{filterableBytes}} then
    content := '{"value":' || p_value || ',"metadata":' || p_metadata || '}';
  end if;
  now_us := greatest(slot.document_version + 1, {{nowUs}});
  now_ms := {{nowMs}};

  loop
    update {{schema}}.documents as d set
      version = greatest(d.version + 1, now_us), tags = p_tags,
      created_at = case when d.expires_at <= now_ms then now_ms else d.created_at end,
      updated_at = now_ms, expires_at = now_ms + p_ttl_ms, value = p_value, metadata = p_metadata, filterable = content,
      searchable = p_searchable, derived_from = null, sources = null
    where d.tenant = p_tenant and d.session = p_session and d.generation = gen and d.place = wanted
      and (locked or d.tags = p_tags and d.sources is null and d.updated_at <= now_ms
        and (p_expected is null or d.version = p_expected and (d.expires_at is null or d.expires_at > now_ms)))
    returning d.version, d.created_at into r_version, r_created_at;
    exit when found;

    select d.version, d.expires_at, d.tags, d.sources into r_current, ends_at, old_tags, old_sources
    from {{schema}}.documents as d
    where d.tenant = p_tenant and d.session = p_session and d.generation = gen and d.place = wanted for update;
    locked := found;
    now_us := greatest(slot.document_version + 1, {{nowUs}});
    now_ms := {{nowMs}};
    if not locked or ends_at <= now_ms then r_current := 0; end if;
    if r_current <> p_expected then return 'version|' || r_current; end if;
    continue when locked;

    if gen < 0 then
      slot := {{schema}}.start_session(
        p_tenant => p_tenant, p_session => p_session, p_incarnation => p_new_incarnation, p_subject => p_subject,
        p_metadata => p_init, p_ttl_ms => null
      );
      gen := slot.generation;
    end if;
    if p_session = '' then
      -- Before the document: who makes the same one at the same time must not wait for this while we wait for that.
      insert into {{schema}}.tenants (tenant) values (p_tenant) on conflict do nothing;
    end if;
    insert into {{schema}}.documents (
      tenant, session, generation, place, namespace, key, version, tags, created_at, updated_at, expires_at, value,
      metadata, filterable, searchable
    ) values (
      p_tenant, p_session, gen, wanted, p_namespace, p_key, now_us, p_tags, now_ms, now_ms, now_ms + p_ttl_ms, p_value,
      p_metadata, content, p_searchable
    ) on conflict do nothing;
    -- Another writer may have made it meanwhile.
    if found then
      r_version := now_us;
      r_created_at := now_ms;
      old_tags := '{}';
      if p_session = '' then
        -- Behind the insert: whoever removed a document here has committed, and nobody else can make one.
        select v.version into removed from {{schema}}.document_versions as v
        where v.tenant = p_tenant and v.share = {{schema}}.document_share(wanted);
        if removed >= now_us then
          r_version := removed + 1;
          update {{schema}}.documents as d set version = r_version
          where d.tenant = p_tenant and d.session = '' and d.generation = 0 and d.place = wanted;
        end if;
      end if;
      exit;
    end if;
  end loop;

  if old_tags <> p_tags then
    perform {{schema}}.change_tags(
      p_tenant => p_tenant, p_session => p_session, p_generation => gen, p_place => wanted, p_old => old_tags,
      p_new => p_tags
    );
  end if;
  if old_sources is not null then
    perform {{schema}}.change_sources(
      p_tenant => p_tenant, p_session => p_session, p_generation => gen, p_place => wanted, p_old => old_sources,
      p_new => null
    );
  end if;
  if p_session = '' then
    -- Last: whoever is waited for here waits for no document.
-- #include note-owner(owner = "owner_place", namespace = "p_namespace[:2]", may_be_empty = "false")
  else
    update {{schema}}.sessions as s set changed = pg_current_xact_id(), document_version = r_version
    where s.tenant = p_tenant and s.session = p_session;
  end if;
  r_expires_at := least(now_ms + p_ttl_ms, slot.expires_at);
  if p_operation is not null then
-- #include remember-put(writes = "{{schema}}.put_record(r_version, r_created_at, now_ms, r_expires_at)")
  end if;
  return concat_ws(
    '|', 'done', r_version, r_created_at, now_ms, coalesce(r_expires_at::text, '-'), slot.incarnation
  );
end
$body$;
