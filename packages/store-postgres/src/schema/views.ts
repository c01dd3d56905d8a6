import { quoteBody } from "./sql-text.ts";

/**
 * For people with psql, and for reports. A view reads with its owner's rights, and PostgreSQL 14 knows no
 * `security_invoker`: but the owner is under row-level security too (`force`), unless it is a superuser. So each view
 * also names the tenant of the transaction, as a barrier that no function of a reader gets behind, and shows nothing
 * while none is set. From 15 on it reads with the rights of its reader besides.
 */
export function views(schema: string): readonly string[] {
  const time = (column: string): string => `to_timestamp(${column} / 1000.0)`;
  const live = `join ${schema}.sessions as s
  on s.tenant = e.tenant and s.session = e.session and s.generation = e.generation and s.incarnation is not null
  and (s.expires_at is null or s.expires_at > extract(epoch from clock_timestamp()) * 1000)
where e.tenant = nullif(current_setting('relevo.tenant', true), '') and e.erased_at is null`;
  return [
    `create view ${schema}.messages with (security_barrier) as
select e.tenant, e.session, e.seq, e.agent, e.role, ${time("e.recorded_at")} as recorded_at, ${time("e.at")} as at,
  e.pinned, e.retracted_by, e.content::jsonb -> 'body' as body,
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
from ${schema}.events as e ${live} and e.type = 'message'`,
    `create view ${schema}.handoffs with (security_barrier) as
select e.tenant, e.session, e.seq, e.content::jsonb -> 'body' ->> 'handoffId' as handoff, e.status,
  e.content::jsonb -> 'body' ->> 'from' as from_agent, e.content::jsonb -> 'body' ->> 'to' as to_agent,
  e.content::jsonb -> 'body' ->> 'reason' as reason, e.content::jsonb -> 'body' ->> 'priority' as priority,
  ${time("e.recorded_at")} as recorded_at, e.duration_ms, e.content::jsonb -> 'body' as body
from ${schema}.events as e ${live} and e.type = 'handoff'`,
    `create view ${schema}.executions with (security_barrier) as
select e.tenant, e.session, e.seq, e.content::jsonb -> 'body' ->> 'executionId' as execution, e.agent, e.status,
  ${time("e.recorded_at")} as recorded_at, e.duration_ms, e.content::jsonb -> 'body' as body
from ${schema}.events as e ${live} and e.type = 'execution'`,
    `do ${quoteBody(`begin
  if current_setting('server_version_num')::integer >= 150000 then
    ${["messages", "handoffs", "executions"].map((view) => `alter view ${schema}.${view} set (security_invoker = true);`).join("\n    ")}
  end if;
end`)}`,
  ];
}
