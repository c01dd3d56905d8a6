-- What the operator calls and no tenant. They go through the registry one tenant at a time, under its security.

create function {{schema}}.expire_tenants(
  p_after text, p_tenants integer, p_limit bigint,
  out r_sessions bigint, out r_documents bigint, out r_more boolean, out r_last text
) language plpgsql set search_path = pg_catalog, pg_temp as $body$
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
  for one in
    select t.tenant from {{schema}}.tenants as t where t.tenant > p_after order by t.tenant limit p_tenants
  loop
    look := look + 1;
    select * into done from {{schema}}.expire_tenant(
      p_tenant => one.tenant, p_limit => p_limit - r_sessions - r_documents
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
end
$body$;

create function {{schema}}.list_tenants(p_after text, p_limit integer, p_look integer)
returns table (r_tenant text, r_listed boolean, r_edge boolean) language plpgsql
-- #include in-order
as $body$
#variable_conflict use_column
declare
  one record;
  look integer := 0;
begin
  perform set_config('relevo.maintenance', 'on', true);
  for one in select t.tenant from {{schema}}.tenants as t where t.tenant > p_after order by t.tenant limit p_look loop
    perform set_config('relevo.tenant', one.tenant, true);
    r_tenant := one.tenant;
    look := look + 1;
    r_listed := exists (
      select from {{schema}}.sessions as s
      where s.tenant = one.tenant and s.incarnation is not null and (s.expires_at is null or s.expires_at > {{nowMs}})
    ) or exists (
      select from {{schema}}.documents as d
      where d.tenant = one.tenant and d.session = '' and (d.expires_at is null or d.expires_at > {{nowMs}})
    );
    r_edge := look = p_look;
    if r_listed or r_edge then
      return next;
      if r_listed then p_limit := p_limit - 1; end if;
      exit when p_limit < 0;
    end if;
  end loop;
  perform set_config('relevo.maintenance', '', true), set_config('relevo.tenant', '', true);
end
$body$;
