-- Moves the oldest entry of an owner that nobody has locked to the present transaction, or adds one: writers of one owner do
-- not wait for each other here, and there are never more entries than there were writers at one time.
    update {{schema}}.owner_changes as o set changed = pg_current_xact_id(), changed_at = {{nowMs}}, ended = {{ended}}
    where o.tenant = p_tenant and o.owner = {{owner}} and o.changed = (
      select c.changed from {{schema}}.owner_changes as c
      where c.tenant = p_tenant and c.owner = {{owner}} order by c.changed limit 1 for update skip locked
    ) and (o.changed = pg_current_xact_id() or not exists (
      select from {{schema}}.owner_changes as c
      where c.tenant = p_tenant and c.owner = {{owner}} and c.changed = pg_current_xact_id()
    ));
    if not found then
      insert into {{schema}}.owner_changes as o (tenant, owner, changed, namespace, changed_at, ended)
      values (p_tenant, {{owner}}, pg_current_xact_id(), {{namespace}}, {{nowMs}}, {{ended}})
      on conflict (tenant, owner, changed) do update set ended = excluded.ended;
    end if;
