-- Removes one document, which costs half as much without JSON and rows. Returns `done|removed|derived`, as numbers and `true`
-- or `false`, `known|` and the record of the operation, or what was refused, with the current value. Of the plans that the
-- server could make for each call it keeps the first.
--
-- A document that another writer changed while this call waited for it is looked at again, behind its lock.
create function {{schema}}.delete_document(
  p_tenant text, p_session text, p_lock_ms text, p_incarnation text, p_fence bigint,
  p_place text, p_expected bigint, p_owner text, p_operation text, p_fingerprint text
) returns text language plpgsql set plan_cache_mode = force_generic_plan
-- #include by-index
as $body$
#variable_conflict use_column
declare
  slot {{schema}}.sessions;
  gen bigint := 0;
  now_ms bigint;
  entry xid8;
  r_status text;
  r_current bigint;
  r_record text;
  -- Not `place`, which a query would take for the column.
  wanted constant bytea := decode(p_place, 'hex');
  owner_place constant bytea := coalesce(decode(p_owner, 'hex'), '');
  done record;
  ends_at bigint;
  removed integer := 0;
  old_namespace text[];
  old_tags text[];
  old_sources bytea[];
  old_version bigint;
begin
-- #include document-conditions
-- #include document-operation
-- #include document-guard
  if r_status is not null then return concat_ws('|', r_status, r_current, r_record); end if;
  now_ms := {{nowMs}};

  loop
    delete from {{schema}}.documents as d
    where d.tenant = p_tenant and d.session = p_session and d.generation = gen and d.place = wanted
      and (p_expected is null or d.version = p_expected or d.expires_at <= now_ms)
    returning d.namespace, d.tags, d.sources, d.version, d.expires_at
    into old_namespace, old_tags, old_sources, old_version, ends_at;
    exit when found or p_expected is null;
    select d.version, d.expires_at into r_current, ends_at from {{schema}}.documents as d
    where d.tenant = p_tenant and d.session = p_session and d.generation = gen and d.place = wanted for update;
    exit when not found;
    now_ms := {{nowMs}};
    if r_current <> p_expected and (ends_at is null or ends_at > now_ms) then return 'version|' || r_current; end if;
  end loop;

  if old_version is not null then
    -- One whose time was over could not be seen any more.
    if ends_at is null or ends_at > {{nowMs}} then removed := 1; end if;
    if old_tags <> '{}' then
      perform {{schema}}.change_tags(
        p_tenant => p_tenant, p_session => p_session, p_generation => gen, p_place => wanted, p_old => old_tags,
        p_new => '{}'
      );
    end if;
    if old_sources is not null then
      perform {{schema}}.change_sources(
        p_tenant => p_tenant, p_session => p_session, p_generation => gen, p_place => wanted, p_old => old_sources,
        p_new => null
      );
    end if;
    if p_session = '' then
      insert into {{schema}}.document_versions as v (tenant, share, version)
      values (p_tenant, {{schema}}.document_share(wanted), old_version)
      on conflict (tenant, share) do update set version = excluded.version where v.version < excluded.version;
-- #include note-owner(owner = "owner_place", namespace = "old_namespace[:2]", may_be_empty = "true")
    elsif removed > 0 then
      update {{schema}}.sessions as s set changed = pg_current_xact_id()
      where s.tenant = p_tenant and s.session = p_session;
    end if;
  end if;
  if p_operation is not null and gen >= 0 then
    insert into {{schema}}.document_operations values (
      p_tenant, p_session, owner_place, sha256(convert_to(p_operation, 'UTF8')), gen,
      '{"fingerprint":' || to_json(p_fingerprint)::text || ',"deleted":' || removed || '}', {{nowMs}}
    );
  end if;
  -- Behind the lock of put_documents on its sources: what is derived from this is visible now, or finds it gone.
  return concat_ws('|', 'done', removed, exists (
    select from {{schema}}.document_sources as s
    where s.tenant = p_tenant and s.source = {{schema}}.document_source(p_session, wanted, null)
  )::text);
end
$body$;
