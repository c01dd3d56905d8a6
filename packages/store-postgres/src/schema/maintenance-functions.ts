import { operationMemoryMs } from "./append-function.ts";
import { inOrder, nowMs, pinnedPath, quoteBody } from "./sql-text.ts";

/** Of how many ended incarnations one call removes rows of one tenant. */
const endingsAtOnce = 20;
/** How many rows of an ended incarnation one statement removes. */
const rowsAtOnce = 1000;
/** How many slots without a session, and operations whose day is over, one call removes of one tenant. */
const leftoversAtOnce = 500;

/**
 * Upkeep of one tenant, in a bounded piece. Whoever is locked by somebody else is left to the next time, so that it
 * never stands in a writer's way.
 */
const expireTenant = `
#variable_conflict use_column
declare
  due record;
  ending record;
  now_ms bigint := ${nowMs};
  long_ago_us bigint := (now_ms - ${operationMemoryMs}) * 1000;
  removed bigint;
  looked integer := 0;
begin
  perform set_config('relevo.tenant', p_tenant, true);
  r_sessions := 0;
  r_documents := 0;
  for due in
    select s.session, s.expires_at from SCHEMA.sessions as s
    where s.tenant = p_tenant and s.expiry_due <= now_ms
    order by s.expiry_due limit p_limit for update skip locked
  loop
    if due.expires_at <= now_ms then
      perform SCHEMA.close_incarnation(p_tenant, due.session, now_ms);
      r_sessions := r_sessions + 1;
    else
      -- Its life was lengthened since: appends do not move the indexed time.
      update SCHEMA.sessions as s set expiry_due = s.expires_at
      where s.tenant = p_tenant and s.session = due.session;
    end if;
  end loop;
  if r_sessions < p_limit then r_documents := SCHEMA.expire_documents(p_tenant, p_limit - r_sessions); end if;
  r_more := r_sessions + r_documents >= p_limit;

  for ending in
    select e.session, e.generation from SCHEMA.endings as e
    where e.tenant = p_tenant and not e.purged
    order by e.ended_at limit ${endingsAtOnce} for update skip locked
  loop
    removed := SCHEMA.purge_generation(p_tenant, ending.session, ending.generation, ${rowsAtOnce});
    looked := looked + 1;
    r_more := r_more or removed >= ${rowsAtOnce} or looked = ${endingsAtOnce};
  end loop;

  looked := 0;
  for ending in
    select e.session, e.generation from SCHEMA.endings as e
    where e.tenant = p_tenant and e.purged and e.ended_at <= now_ms - ${operationMemoryMs}
    order by e.ended_at limit ${endingsAtOnce} for update skip locked
  loop
    with old as (
      select o.key from SCHEMA.operations as o
      where o.tenant = p_tenant and o.session = ending.session and o.generation = ending.generation
      limit ${leftoversAtOnce}
    )
    delete from SCHEMA.operations as o using old
    where o.tenant = p_tenant and o.session = ending.session and o.key = old.key
      and o.generation = ending.generation;
    get diagnostics removed = row_count;
    looked := looked + 1;
    r_more := r_more or removed >= ${leftoversAtOnce} or looked = ${endingsAtOnce};
    if removed < ${leftoversAtOnce} then
      delete from SCHEMA.endings as e
      where e.tenant = p_tenant and e.session = ending.session and e.generation = ending.generation;
    end if;
  end loop;

  -- A slot without a session keeps the fence and the version of a document that were given last. After a day the time of
  -- day, below which none is given, is greater anyway. The conditions on other tables stand within the loop: a planner
  -- would rather go through all of those than look for each slot. An ending that is still there is older than the rest.
  removed := 0;
  for ending in
    select s.session from SCHEMA.sessions as s
    where s.tenant = p_tenant and s.incarnation is null and s.generation < long_ago_us and s.fence < long_ago_us
      and (s.lease_until is null or s.lease_until < now_ms)
    order by s.generation limit ${leftoversAtOnce} for update skip locked
  loop
    continue when exists (
      select from SCHEMA.endings as e where e.tenant = p_tenant and e.session = ending.session
    ) or exists (
      select from SCHEMA.document_versions as v
      where v.tenant = p_tenant and v.session = ending.session and v.version >= long_ago_us
    );
    delete from SCHEMA.document_versions as v where v.tenant = p_tenant and v.session = ending.session;
    delete from SCHEMA.sessions as s where s.tenant = p_tenant and s.session = ending.session;
    removed := removed + 1;
  end loop;
  r_more := r_more or removed = ${leftoversAtOnce};
end`;

const expireTenants = `
#variable_conflict use_column
declare
  one record;
  done record;
  look integer := 0;
begin
  perform set_config('relevo.maintenance', 'on', true);
  r_sessions := 0;
  r_documents := 0;
  r_more := false;
  r_last := p_after;
  for one in select t.tenant from SCHEMA.tenants as t where t.tenant > p_after order by t.tenant limit p_tenants loop
    look := look + 1;
    select * into done from SCHEMA.expire_tenant(
      one.tenant, p_limit - r_sessions - r_documents
    );
    r_sessions := r_sessions + done.r_sessions;
    r_documents := r_documents + done.r_documents;
    if r_sessions + r_documents >= p_limit or done.r_more then
      -- The next call begins with the same tenant: it may have more.
      r_more := true;
      exit;
    end if;
    r_last := one.tenant;
  end loop;
  if not r_more and look < p_tenants then r_last := null; end if;
  perform set_config('relevo.maintenance', '', true), set_config('relevo.tenant', '', true);
end`;

const listTenants = `
#variable_conflict use_column
declare
  one record;
  look integer := 0;
begin
  perform set_config('relevo.maintenance', 'on', true);
  for one in select t.tenant from SCHEMA.tenants as t where t.tenant > p_after order by t.tenant limit p_look loop
    perform set_config('relevo.tenant', one.tenant, true);
    r_tenant := one.tenant;
    look := look + 1;
    r_listed := exists (
      select from SCHEMA.sessions as s
      where s.tenant = one.tenant and s.incarnation is not null and (s.expires_at is null or s.expires_at > ${nowMs})
    ) or exists (
      select from SCHEMA.documents as d
      where d.tenant = one.tenant and d.session = '' and (d.expires_at is null or d.expires_at > ${nowMs})
    );
    r_edge := look = p_look;
    if r_listed or r_edge then
      return next;
      if r_listed then p_limit := p_limit - 1; end if;
      exit when p_limit < 0;
    end if;
  end loop;
  perform set_config('relevo.maintenance', '', true), set_config('relevo.tenant', '', true);
end`;

/** What the operator calls and no tenant. They go through the registry one tenant at a time, under its security. */
export function maintenanceFunctions(schema: string): readonly string[] {
  const body = (text: string): string => quoteBody(text.replaceAll("SCHEMA", () => schema));
  return [
    `create function ${schema}.expire_tenant(
  p_tenant text, p_limit bigint,
  out r_sessions bigint, out r_documents bigint, out r_more boolean
) language plpgsql ${pinnedPath} ${inOrder} as ${body(expireTenant)}`,
    `create function ${schema}.expire_tenants(
  p_after text, p_tenants integer, p_limit bigint,
  out r_sessions bigint, out r_documents bigint, out r_more boolean, out r_last text
) language plpgsql ${pinnedPath} as ${body(expireTenants)}`,
    `create function ${schema}.list_tenants(p_after text, p_limit integer, p_look integer)
returns table (r_tenant text, r_listed boolean, r_edge boolean) language plpgsql ${pinnedPath} ${inOrder} as ${body(listTenants)}`,
  ];
}
