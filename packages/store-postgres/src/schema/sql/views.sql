-- For people with psql, and for reports. A view reads with its owner's rights, and PostgreSQL 14 knows no
-- `security_invoker`: but the owner is under row-level security too (`force`), unless it is a superuser. So each view also
-- names the tenant of the transaction, as a barrier that no function of a reader gets behind, and shows nothing while none
-- is set. From 15 on it reads with the rights of its reader besides.

create view {{schema}}.messages with (security_barrier) as
select e.tenant, e.session, e.seq, e.agent, e.role, to_timestamp(e.recorded_at / 1000.0) as recorded_at,
  to_timestamp(e.at / 1000.0) as at, e.pinned, e.retracted_by, e.content::jsonb -> 'body' as body,
  case jsonb_typeof(e.content::jsonb -> 'body' -> 'content')
    when 'string' then e.content::jsonb -> 'body' ->> 'content'
    else (
      select string_agg(part ->> 'text', '' order by n)
      from jsonb_array_elements(
        case jsonb_typeof(e.content::jsonb -> 'body' -> 'content')
          when 'array' then e.content::jsonb -> 'body' -> 'content' else '[]' end
      ) with ordinality as parts (part, n)
      where part ->> 'type' = 'text'
    )
  end as text
-- #include live-events
  and e.type = 'message';

create view {{schema}}.handoffs with (security_barrier) as
select e.tenant, e.session, e.seq, e.content::jsonb -> 'body' ->> 'handoffId' as handoff, e.status,
  e.content::jsonb -> 'body' ->> 'from' as from_agent, e.content::jsonb -> 'body' ->> 'to' as to_agent,
  e.content::jsonb -> 'body' ->> 'reason' as reason, e.content::jsonb -> 'body' ->> 'priority' as priority,
  to_timestamp(e.recorded_at / 1000.0) as recorded_at, e.duration_ms, e.content::jsonb -> 'body' as body
-- #include live-events
  and e.type = 'handoff';

create view {{schema}}.executions with (security_barrier) as
select e.tenant, e.session, e.seq, e.content::jsonb -> 'body' ->> 'executionId' as execution, e.agent, e.status,
  to_timestamp(e.recorded_at / 1000.0) as recorded_at, e.duration_ms, e.content::jsonb -> 'body' as body
-- #include live-events
  and e.type = 'execution';

do $body$
begin
  if current_setting('server_version_num')::integer >= 150000 then
    alter view {{schema}}.messages set (security_invoker = true);
    alter view {{schema}}.handoffs set (security_invoker = true);
    alter view {{schema}}.executions set (security_invoker = true);
  end if;
end
$body$;
