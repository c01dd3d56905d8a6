import { byIndex, pinnedPath, quoteBody } from "./sql-text.ts";

/** Values up to this size are kept a second time as `jsonb`; larger ones are parsed when a filter looks at them. */
const filterableBytes = 8192;

/** The documents of one unit: a session's incarnation, or what stands alone. */
const unit = "d.tenant = p_tenant and d.session = p_session and d.generation = gen";

/**
 * What each write begins with: the conditions of the session, in the order of the port; then `lock`, on what is
 * there, in the order of places, so that two batches over the same documents never wait for each other in a circle.
 * The clock is read behind the locks. Refusals are results: only what must be undone is raised.
 *
 * One document at a time, here and below, by the whole of its primary key. Asked for all places of a batch at once, a
 * planner without statistics reads the whole unit and compares: 1,000 documents among 5,000 took half a minute.
 */
const open = `
  perform set_config('relevo.tenant', p_tenant, true), set_config('lock_timeout', p_lock_ms, true);
  if p_session <> '' then
    slot := SCHEMA.lock_session(p_tenant, p_session);
    if p_incarnation is not null and p_incarnation is distinct from slot.incarnation then
      r_status := 'ended';
    elsif slot.incarnation is not null and slot.sealed then
      r_status := 'sealed';
    elsif p_fence is not null and p_fence is distinct from slot.fence then
      r_status := 'fence';
      r_current := coalesce(slot.fence, 0);
    end if;
    if r_status is not null then
      RETURN;
    end if;
    gen := case when slot.incarnation is null then -1 else slot.generation end;
  end if;`;

/**
 * What is found here stays as it is until the end. What is not may be made by another at any time, and is left alone
 * from here on: whoever waited for it now, with locks in hand, would wait out of order.
 */
const lock = `
  known := '{}';
  for part in select o.place from unnest(places) as o (place) order by o.place loop
    select d.tags into old_tags from SCHEMA.documents as d where ${unit} and d.place = part.place for update;
    if found then known := known || part.place; end if;
  end loop;
  now_us := floor(extract(epoch from clock_timestamp()) * 1000000);
  now_ms := now_us / 1000;`;

/** Looks for the first part that expects another version than there is. */
const checkVersions = (whenMissing: string): string => `
  for part in
    select p.n, decode(p.place, 'hex') as place, p.expected
    from rows from (json_to_recordset(parts) as (place text, expected bigint)) with ordinality as p (place, expected, n)
    where p.expected is not null order by p.n
  loop
    select d.version into r_current from SCHEMA.documents as d
    where ${unit} and d.place = part.place and (d.expires_at is null or d.expires_at > now_ms);
    if not found then ${whenMissing} end if;
    if r_current <> part.expected then
      r_status := 'version';
      r_index := part.n - 1;
      RETURN;
    end if;
  end loop;
  r_current := null;`;

const declarations = `
  slot SCHEMA.sessions;
  gen bigint := 0;
  part record;
  known bytea[];
  old_tags text[];
  now_ms bigint;
  now_us bigint;`;

const partsAndPlaces = `
  parts json := p_parts::json;
  places bytea[] := array(select decode(p.place, 'hex') from json_to_recordset(parts) as p (place text));`;

const putBody = `
#variable_conflict use_column
declare${declarations}${partsAndPlaces}
  removed bigint;
begin${open}
  <<attempts>> loop${lock}
  if p_conditional then${checkVersions("r_current := 0;")}
  end if;
  if gen < 0 then
    slot := SCHEMA.start_session(p_tenant, p_session, p_new_incarnation, p_subject, p_init, null);
    gen := slot.generation;
  end if;
  if p_session <> '' then
    insert into SCHEMA.document_versions as v (tenant, session, share, version) values (p_tenant, p_session, 0, now_us)
    on conflict (tenant, session, share) do update set version = greatest(v.version + 1, excluded.version)
    returning version into now_us;
  end if;
  if p_session = '' and cardinality(known) < cardinality(places) then
    -- Before any document: who makes the same ones at the same time must not wait for this while we wait for those.
    insert into SCHEMA.tenants (tenant) values (p_tenant) on conflict do nothing;
  end if;
  r_status := 'done';
  r_incarnation := slot.incarnation;
  r_updated_at := now_ms;
  for part in
    select decode(w.place, 'hex') as place, w.namespace, w.key, w.tags, now_ms + w.ttl as expires_at,
      coalesce(w.value::text, 'null') as value, w.metadata::text as metadata, w.searchable,
      case when octet_length(w.value::text) + octet_length(w.metadata::text) <= ${filterableBytes}
        then jsonb_build_object('value', w.value::jsonb, 'metadata', w.metadata::jsonb) end as filterable, w.n
    from rows from (
      json_to_recordset(parts) as (place text, namespace text[], key text, tags text[], ttl bigint),
      json_to_recordset(p_bodies::json) as (value json, metadata json, searchable text)
    ) with ordinality as w (place, namespace, key, tags, ttl, value, metadata, searchable, n)
    order by 1
  loop
    r_index := part.n - 1;
    if part.place = any (known) then
      if cardinality(places) > 1 then
        select d.tags into old_tags from SCHEMA.documents as d where ${unit} and d.place = part.place;
      end if;
      update SCHEMA.documents as d set
        version = greatest(d.version + 1, now_us), tags = part.tags,
        created_at = case when d.expires_at <= now_ms then now_ms else d.created_at end,
        updated_at = now_ms, expires_at = part.expires_at, value = part.value, metadata = part.metadata,
        filterable = part.filterable, searchable = part.searchable
      where ${unit} and d.place = part.place
      returning d.version, d.created_at into r_version, r_created_at;
    else
      old_tags := '{}';
      r_version := now_us;
      r_created_at := now_ms;
      insert into SCHEMA.documents (
        tenant, session, generation, place, namespace, key, version, tags, created_at, updated_at, expires_at, value,
        metadata, filterable, searchable
      ) values (
        p_tenant, p_session, gen, part.place, part.namespace, part.key, now_us, part.tags, now_ms, now_ms,
        part.expires_at, part.value, part.metadata, part.filterable, part.searchable
      ) on conflict do nothing;
      if not found then
        -- Another has made it meanwhile. Alone it is tried again here; a batch has written others before it.
        continue attempts when cardinality(places) = 1;
        raise exception 'a document was created meanwhile' using errcode = 'serialization_failure';
      end if;
      if p_session = '' then
        -- Behind the insert: whoever removed a document here has committed, and nobody else can make one.
        select v.version into removed from SCHEMA.document_versions as v
        where v.tenant = p_tenant and v.session = '' and v.share = SCHEMA.document_share(part.place);
        if removed >= now_us then
          r_version := removed + 1;
          update SCHEMA.documents as d set version = removed + 1 where ${unit} and d.place = part.place;
        end if;
      end if;
    end if;
    if old_tags <> part.tags then
      perform SCHEMA.change_tags(p_tenant, p_session, gen, part.place, old_tags, part.tags);
    end if;
    r_expires_at := least(part.expires_at, slot.expires_at);
    return next;
  end loop;
  return;
  end loop;
end`;

const deleteBody = `
declare${declarations}${partsAndPlaces}
begin${open}${lock}
  if known <> '{}' then${checkVersions("continue;")}
    r_removed := SCHEMA.remove_documents(p_tenant, p_session, gen, known, now_ms);
  end if;
  r_removed := coalesce(r_removed, 0);
  r_status := 'done';
end`;

const touchBody = `
declare${declarations}
  places bytea[] := array[decode(p_parts, 'hex')];
begin${open}${lock}
  update SCHEMA.documents as d set expires_at = now_ms + p_ttl_ms
  where ${unit} and d.place = places[1] and (d.expires_at is null or d.expires_at > now_ms)
  returning * into r_document;
  r_status := case when found then 'done' else 'missing' end;
  r_document.expires_at := least(r_document.expires_at, slot.expires_at);
  r_incarnation := slot.incarnation;
end`;

const changeTagsBody = `
declare
  old_tag text;
begin
  foreach old_tag in array p_old loop
    if old_tag <> all (p_new) then
      delete from SCHEMA.document_tags as t
      where t.tenant = p_tenant and t.session = p_session and t.generation = p_generation
        and t.tag = SCHEMA.document_tag(old_tag) and t.place = p_place;
    end if;
  end loop;
  insert into SCHEMA.document_tags (tenant, session, generation, tag, place)
  select p_tenant, p_session, p_generation, SCHEMA.document_tag(n.tag), p_place
  from unnest(p_new) as n (tag) where n.tag <> all (p_old);
end`;

/** Removes documents that are locked, with their tags, and remembers what their versions were. */
const removeBody = `
declare
  part record;
  gone record;
  seen bigint := 0;
begin
  -- Everyone takes the shares in their order.
  for part in
    select o.place, SCHEMA.document_share(o.place) as share from unnest(p_places) as o (place) order by share
  loop
    delete from SCHEMA.documents as d
    where d.tenant = p_tenant and d.session = p_session and d.generation = p_generation and d.place = part.place
    returning d.tags, d.version, d.expires_at into gone;
    if not found then continue; end if;
    if gone.expires_at is null or gone.expires_at > p_now_ms then seen := seen + 1; end if;
    if gone.tags <> '{}' then
      perform SCHEMA.change_tags(p_tenant, p_session, p_generation, part.place, gone.tags, '{}');
    end if;
    if p_session = '' then
      insert into SCHEMA.document_versions as v (tenant, session, share, version)
      values (p_tenant, '', part.share, gone.version)
      on conflict (tenant, session, share) do update set version = excluded.version where v.version < excluded.version;
    end if;
  end loop;
  return seen;
end`;

/** What writes documents. Each is one call and one round trip, and applies all of its parts or none. */
export function documentWriteFunctions(schema: string): readonly string[] {
  const define = (head: string, body: string, leave = "return;"): string =>
    `create function ${schema}.${head} language plpgsql ${pinnedPath} ${byIndex} as ${quoteBody(
      body.replaceAll("RETURN;", () => leave).replaceAll("SCHEMA", () => schema),
    )}`;
  const given =
    "p_tenant text, p_session text, p_lock_ms text, p_incarnation text, p_fence bigint, p_parts text";
  const refused = "out r_status text, out r_index bigint, out r_current bigint";
  return [
    define(
      "change_tags(p_tenant text, p_session text, p_generation bigint, p_place bytea, p_old text[], p_new text[]) returns void",
      changeTagsBody,
    ),
    // Says how many of them could be seen at that time.
    define(
      "remove_documents(p_tenant text, p_session text, p_generation bigint, p_places bytea[], p_now_ms bigint) returns bigint",
      removeBody,
    ),
    // A row for each part, with its index, or a single one with what was refused.
    define(
      `put_documents(
  ${given}, p_bodies text, p_conditional boolean, p_new_incarnation text, p_subject text, p_init text
) returns table (
  r_status text, r_index bigint, r_current bigint, r_version bigint,
  r_created_at bigint, r_updated_at bigint, r_expires_at bigint, r_incarnation text
)`,
      putBody,
      "return next;\n      return;",
    ),
    define(`delete_documents(${given}, ${refused}, out r_removed bigint)`, deleteBody),
    define(
      `touch_document(${given}, p_ttl_ms bigint, ${refused}, out r_document ${schema}.documents, out r_incarnation text)`,
      touchBody,
    ),
  ];
}
