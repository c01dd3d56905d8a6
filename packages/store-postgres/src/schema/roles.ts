import { literal, quoteIdentifier } from "../database/text.ts";
import { quoteBody } from "./sql-text.ts";

/**
 * The tenant of the transaction; null, which equals nothing, when none is set. The application's role sets it by itself,
 * so it guards against a condition that somebody forgot, not against SQL that somebody else runs as that role.
 */
export const currentTenant = "nullif(current_setting('relevo.tenant', true), '')";

/** Set by upkeep, which goes through tenants, when it reads the registry of them. */
const inMaintenance = "current_setting('relevo.maintenance', true) = 'on'";

/**
 * The role as which the application works. Roles belong to the server, not to a database, so it may be there already;
 * and two migrations of two databases may make it at once. Some providers refuse it to roles that have CREATEROLE.
 */
export function createRole(role: string): string {
  return `do $do$ begin
  if not exists (select from pg_catalog.pg_roles where rolname = ${literal(role)}) then
    execute 'create role ' || quote_ident(${literal(role)}) || ' nologin';
  end if;
exception when duplicate_object or unique_violation or insufficient_privilege then null;
end $do$`;
}

/** Lets the role that migrates work as the application's; who made a role may do so, and nobody else can be asked here. */
export function joinRole(role: string): string {
  return `do $do$ begin
  execute 'grant ' || quote_ident(${literal(role)}) || ' to ' || quote_ident(current_user);
exception when insufficient_privilege then null;
end $do$`;
}

/** Row-level security for one table, also for its owner. Every row belongs to the tenant of the transaction. */
export function secureTable(schema: string, table: string): readonly string[] {
  const name = `${schema}.${quoteIdentifier(table, "table")}`;
  return [
    `alter table ${name} enable row level security`,
    `alter table ${name} force row level security`,
    `create policy tenant_rows on ${name} using (tenant = ${currentTenant}) with check (tenant = ${currentTenant})`,
  ];
}

/** As `secureTable`, for the registry of tenants: upkeep reads all of it, and no tenant more than itself. */
export function secureRegistry(schema: string): readonly string[] {
  return [
    ...secureTable(schema, "tenants"),
    `create policy maintenance_rows on ${schema}.tenants for select using (${inMaintenance})`,
  ];
}

/**
 * What only the owner may do until it is granted: functions are open to all when they are made. Default privileges, such
 * as "all on tables", may have let others create triggers, which run with the rights of whoever writes; and truncate,
 * which row-level security does not bind.
 */
export function closeToPublic(schema: string): readonly string[] {
  return [
    `revoke all on all functions in schema ${schema} from public`,
    `do ${quoteBody(`declare one record;
begin
  for one in
    select c.oid::regclass as name, case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end as role
    from pg_class as c cross join lateral aclexplode(c.relacl) as a
    where c.relnamespace = ${literal(schema)}::regnamespace and a.grantee <> c.relowner
      and a.privilege_type in ('TRIGGER', 'REFERENCES', 'TRUNCATE')
  loop
    execute format('revoke trigger, references, truncate on %s from %s', one.name, one.role);
  end loop;
end`)}`,
  ];
}

/** What the application may do: everything with rows, nothing with tables. Repeated after each migration. */
export function grantUse(schema: string, role: string): readonly string[] {
  const to = quoteIdentifier(role, "applicationRole");
  return [
    `grant usage on schema ${schema} to ${to}`,
    `grant select, insert, update, delete on all tables in schema ${schema} to ${to}`,
    `revoke insert, update, delete on ${schema}.migrations from ${to}`,
    `grant execute on all functions in schema ${schema} to ${to}`,
  ];
}
