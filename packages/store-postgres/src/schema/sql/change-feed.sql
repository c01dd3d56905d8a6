-- Who was written since a consumer looked. The position of a consumer is a snapshot: what it does not see is new. So
-- nothing is missed when transactions commit in another order than they began, and nothing waits for those that are open.

-- Enters an owner into the feed of whose documents some were removed.
create function {{schema}}.note_owner(p_tenant text, p_namespace text[]) returns void language plpgsql
-- #include by-index
as $body$
#variable_conflict use_column
declare
  place bytea := {{schema}}.namespace_place(p_namespace[:2]);
  entry xid8;
begin
  -- One transaction of upkeep or of an erasure may come here several times for one owner.
  update {{schema}}.owner_changes as o set may_be_empty = true
  where o.tenant = p_tenant and o.owner = place and o.changed = pg_current_xact_id();
  if not found then
-- #include note-owner(owner = "place", namespace = "p_namespace[:2]", may_be_empty = "true")
  end if;
end
$body$;

-- Whether an owner has a document, also one whose time is over.
create function {{schema}}.has_documents(p_tenant text, p_namespace text[]) returns boolean language plpgsql stable
-- #include by-index
as $body$
declare
  place bytea := {{schema}}.namespace_place(p_namespace);
  -- A namespace of one element is an owner by itself, without those that begin with it.
  begins bytea := place || case when cardinality(p_namespace) = 1 then '\x00'::bytea else '' end;
  ends bytea := place || case when cardinality(p_namespace) = 1 then '\x01'::bytea else '\x02' end;
begin
  return exists (
    select from {{schema}}.documents as d
    where d.tenant = p_tenant and d.session = '' and d.generation = 0 and d.place >= begins and d.place < ends
  );
end
$body$;

-- Enters a session into the feed, unless another writer has locked it: that one enters it.
create function {{schema}}.note_session(p_tenant text, p_session text) returns void language plpgsql
-- #include by-index
as $body$
declare one record;
begin
  for one in
    select s.session from {{schema}}.sessions as s
    where s.tenant = p_tenant and s.session = p_session for update skip locked
  loop
    update {{schema}}.sessions as s set changed = pg_current_xact_id()
    where s.tenant = p_tenant and s.session = p_session;
  end loop;
end
$body$;

-- One page as JSON: the epoch of the feed, the present snapshot, and at most one unit more than asked for, each as
-- `[transaction, session or null, namespace or null, incarnation]`; or null when the feed does not reach back. `p_seen` is
-- what the consumer has seen, null for nothing; `p_until` the snapshot of the first of the pages that belong together, and
-- `p_after` with a session or owner where the page before ended. An epoch begins with a copy of the database, and with each
-- server that takes over: transactions are then numbered anew.
create function {{schema}}.list_changes(
  p_tenant text, p_epoch text, p_seen text, p_until text, p_after text, p_after_session text, p_after_owner text,
  p_limit bigint
) returns text language plpgsql stable
-- #include in-order
as $body$
#variable_conflict use_column
declare
  epoch text := (select system_identifier from pg_control_system())::text
    || '.' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8);
  present pg_snapshot := pg_current_snapshot();
  seen pg_snapshot := p_seen::pg_snapshot;
  until pg_snapshot := p_until::pg_snapshot;
  oldest xid8 := coalesce(p_after::xid8, pg_snapshot_xmin(seen), '0'::xid8);
  -- Of the same transaction sessions come before owners.
  after_session text := case when p_after_owner is null then coalesce(p_after_session, '') else repeat(chr(1114111), 512) end;
  after_owner bytea := coalesce(decode(p_after_owner, 'hex'), '');
  lost xid8;
  units text;
begin
  perform set_config('relevo.tenant', p_tenant, true);
  select t.feed_floor into lost from {{schema}}.tenants as t where t.tenant = p_tenant;
  if p_epoch <> epoch or pg_snapshot_xmax(coalesce(until, seen)) > pg_snapshot_xmax(present)
    or lost >= pg_snapshot_xmin(coalesce(seen, until)) then
    return null;
  end if;
  select string_agg(
    '["' || u.changed || '",' || coalesce(to_json(u.session)::text, 'null') || ','
      || coalesce(array_to_json(u.namespace)::text, 'null') || ',' || coalesce(to_json(u.incarnation)::text, 'null') || ']',
    ','
  ) into units
  from (
    select * from (
      (
        select s.changed, s.session, null::text[] as namespace, null::bytea as owner,
          case when s.expires_at <= {{nowMs}} then null else s.incarnation end as incarnation
        from {{schema}}.sessions as s
        where s.tenant = p_tenant and s.changed is not null and (s.changed, s.session) > (oldest, after_session)
          and (seen is null or not pg_visible_in_snapshot(s.changed, seen))
          and (until is null or pg_visible_in_snapshot(s.changed, until)
            or seen is null and s.changed >= pg_snapshot_xmax(present))
        order by s.changed, s.session limit p_limit + 1
      )
      union all
      (
        select o.changed, null, o.namespace, o.owner, null
        from {{schema}}.owner_changes as o
        where o.tenant = p_tenant and (o.changed, o.owner) > (oldest, after_owner)
          and (seen is null or not pg_visible_in_snapshot(o.changed, seen))
          and (until is null or pg_visible_in_snapshot(o.changed, until)
            or seen is null and o.changed >= pg_snapshot_xmax(present))
          and not exists (
            select from {{schema}}.owner_changes as newer
            where newer.tenant = p_tenant and newer.owner = o.owner and newer.changed > o.changed
          )
        order by o.changed, o.owner limit p_limit + 1
      )
    ) as u order by u.changed, u.owner nulls first, u.session limit p_limit + 1
  ) as u;
  return '{"epoch":"' || epoch || '","snapshot":"' || present || '","units":[' || coalesce(units, '') || ']}';
end
$body$;
