-- Upkeep of one tenant, in a bounded piece. A row that another writer has locked is left to the next time, so that upkeep
-- never blocks a writer.
create function {{schema}}.expire_tenant(
  p_tenant text, p_limit bigint, out r_sessions bigint, out r_documents bigint, out r_more boolean
) language plpgsql
-- #include in-order
as $body$
#variable_conflict use_column
declare
  -- Of how many ended incarnations one call removes rows.
  endings_at_once constant integer := 20;
  -- How many rows of an ended incarnation one statement removes.
  rows_at_once constant integer := 1000;
  -- How many slots without a session, and operations whose day is over, one call removes.
  leftovers_at_once constant integer := 500;
  due record;
  ending record;
  now_ms bigint := {{nowMs}};
  long_ago_ms bigint := now_ms - {{operationMemoryMs}};
  -- The change feed tells of what has ended for this long.
  feed_ago_ms bigint := now_ms - {{feedMemoryMs}};
  long_ago_us bigint := feed_ago_ms * 1000;
  lost xid8;
  removed bigint;
  looked integer := 0;
begin
  perform set_config('relevo.tenant', p_tenant, true);
  r_sessions := 0;
  r_documents := 0;
  for due in
    select s.session, s.expires_at from {{schema}}.sessions as s
    where s.tenant = p_tenant and s.expiry_due <= now_ms
    order by s.expiry_due limit p_limit for update skip locked
  loop
    if due.expires_at <= now_ms then
      perform {{schema}}.close_incarnation(p_tenant => p_tenant, p_session => due.session, p_now_ms => now_ms);
      r_sessions := r_sessions + 1;
    else
      -- Its life was extended since: appends do not move the indexed time.
      update {{schema}}.sessions as s set expiry_due = s.expires_at
      where s.tenant = p_tenant and s.session = due.session;
    end if;
  end loop;
  if r_sessions < p_limit then
    r_documents := {{schema}}.expire_documents(p_tenant => p_tenant, p_limit => p_limit - r_sessions);
  end if;
  r_more := r_sessions + r_documents >= p_limit;

  for ending in
    select e.session, e.generation from {{schema}}.endings as e
    where e.tenant = p_tenant and not e.purged
    order by e.ended_at limit endings_at_once for update skip locked
  loop
    removed := {{schema}}.purge_generation(
      p_tenant => p_tenant, p_session => ending.session, p_generation => ending.generation, p_limit => rows_at_once
    );
    looked := looked + 1;
    r_more := r_more or removed >= rows_at_once or looked = endings_at_once;
  end loop;

  looked := 0;
  for ending in
    select e.session, e.generation from {{schema}}.endings as e
    where e.tenant = p_tenant and e.purged and e.ended_at <= long_ago_ms
    order by e.ended_at limit endings_at_once for update skip locked
  loop
    with old as (
      select o.key from {{schema}}.operations as o
      where o.tenant = p_tenant and o.session = ending.session and o.generation = ending.generation
      limit leftovers_at_once
    )
    delete from {{schema}}.operations as o using old
    where o.tenant = p_tenant and o.session = ending.session and o.key = old.key
      and o.generation = ending.generation;
    get diagnostics removed = row_count;
    looked := looked + 1;
    r_more := r_more or removed >= leftovers_at_once or looked = endings_at_once;
    if removed < leftovers_at_once then
      delete from {{schema}}.document_operations as o
      where o.tenant = p_tenant and o.session = ending.session and o.generation = ending.generation;
      delete from {{schema}}.endings as e
      where e.tenant = p_tenant and e.session = ending.session and e.generation = ending.generation;
    end if;
  end loop;

  -- A slot without a session keeps the fence and the version of a document that were given last, and its place in the change
  -- feed. After that time the time of day, below which no fence or version is given, is greater anyway. The conditions on other tables are inside the loop: a planner would
  -- rather go through all of those than look for each slot. An ending that is still there is older than the rest.
  removed := 0;
  for ending in
    select s.session, s.changed from {{schema}}.sessions as s
    where s.tenant = p_tenant and s.incarnation is null and s.generation < long_ago_us and s.fence < long_ago_us
      and s.document_version < long_ago_us
      and (s.lease_until is null or s.lease_until < now_ms)
    order by s.generation limit leftovers_at_once for update skip locked
  loop
    continue when exists (
      select from {{schema}}.endings as e where e.tenant = p_tenant and e.session = ending.session
    );
    delete from {{schema}}.sessions as s where s.tenant = p_tenant and s.session = ending.session;
    lost := greatest(lost, ending.changed);
    removed := removed + 1;
  end loop;
  r_more := r_more or removed = leftovers_at_once;

  removed := 0;
  for ending in
    select o.owner, o.key from {{schema}}.document_operations as o
    where o.tenant = p_tenant and o.session = '' and o.recorded_at <= long_ago_ms
    order by o.recorded_at limit leftovers_at_once for update skip locked
  loop
    delete from {{schema}}.document_operations as o
    where o.tenant = p_tenant and o.session = '' and o.owner = ending.owner and o.key = ending.key;
    removed := removed + 1;
  end loop;
  r_more := r_more or removed = leftovers_at_once;

  -- Looked at here and not by each delete. A put that comes meanwhile cannot lock the entry, and adds one of its own.
  removed := 0;
  for ending in
    select o.owner, o.namespace, o.changed from {{schema}}.owner_changes as o
    where o.tenant = p_tenant and o.may_be_empty and o.changed_at < feed_ago_ms
    order by o.changed_at limit leftovers_at_once for update skip locked
  loop
    removed := removed + 1;
    if {{schema}}.has_documents(p_tenant => p_tenant, p_namespace => ending.namespace) then
      update {{schema}}.owner_changes as o set may_be_empty = false
      where o.tenant = p_tenant and o.owner = ending.owner and o.changed = ending.changed;
      continue;
    end if;
    delete from {{schema}}.owner_changes as o
    where o.tenant = p_tenant and o.owner = ending.owner and o.changed = ending.changed;
    lost := greatest(lost, ending.changed);
  end loop;
  r_more := r_more or removed = leftovers_at_once;
  if lost is not null then
    update {{schema}}.tenants as t set feed_floor = greatest(t.feed_floor, lost) where t.tenant = p_tenant;
  end if;
end
$body$;
