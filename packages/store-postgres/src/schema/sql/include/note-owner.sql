-- Moves the newest entry of an owner that nobody has locked to the present transaction, or adds one: writers of one owner do
-- not wait for each other here, and there are never more entries than there were writers at one time. The newest, because
-- what the others have left behind in the index lies before it. Once in a transaction: `entry` is xid8.
    select o.changed into entry from {{schema}}.owner_changes as o
    where o.tenant = p_tenant and o.owner = {{owner}} order by o.changed desc limit 1 for update skip locked;
    if found then
      update {{schema}}.owner_changes as o set changed = pg_current_xact_id(), changed_at = {{nowMs}},
        may_be_empty = {{may_be_empty}}
      where o.tenant = p_tenant and o.owner = {{owner}} and o.changed = entry;
    else
      insert into {{schema}}.owner_changes (tenant, owner, changed, namespace, changed_at, may_be_empty)
      values (p_tenant, {{owner}}, pg_current_xact_id(), {{namespace}}, {{nowMs}}, {{may_be_empty}});
    end if;
