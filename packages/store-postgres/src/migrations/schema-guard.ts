import { MemoryError } from "@relevo/core";
import type { RunStatement } from "../database/clients.ts";
import { literal } from "../database/text.ts";
import { quoteBody } from "../schema/sql-text.ts";

/**
 * Who besides the migrating role and superusers has put something into the schema, or may: its owner, the owner of
 * anything in it, whoever may create in it, and whoever has or may make a trigger on its tables. A migration reads and writes tables of the schema and calls its
 * functions. A trigger on a `migrations` table that somebody has prepared, or a function that fits better than the
 * store's own, would run with the rights of who migrates. Expects the search path to be pinned.
 */
const strangers = (schema: string): string => `
  select coalesce(r.rolname, 'PUBLIC')::text as role, f.what from (
    select n.nspowner as oid, 'owns the schema' as what from pg_namespace as n where n.nspname = ${literal(schema)}
    union all
    select a.grantee, 'may create objects in the schema' from pg_namespace as n
      cross join lateral aclexplode(n.nspacl) as a
    where n.nspname = ${literal(schema)} and a.privilege_type = 'CREATE'
    union all
    select c.relowner, 'owns the relation ' || c.relname from pg_class as c
      join pg_namespace as n on n.oid = c.relnamespace where n.nspname = ${literal(schema)}
    union all
    select p.proowner, 'owns the function ' || p.proname from pg_proc as p
      join pg_namespace as n on n.oid = p.pronamespace where n.nspname = ${literal(schema)}
    union all
    select o.oprowner, 'owns the operator ' || o.oprname from pg_operator as o
      join pg_namespace as n on n.oid = o.oprnamespace where n.nspname = ${literal(schema)}
    union all
    select t.typowner, 'owns the type ' || t.typname from pg_type as t
      join pg_namespace as n on n.oid = t.typnamespace where n.nspname = ${literal(schema)} and t.typelem = 0
    union all
    select a.grantee, 'may create triggers on ' || c.relname from pg_class as c
      join pg_namespace as n on n.oid = c.relnamespace cross join lateral aclexplode(c.relacl) as a
    where n.nspname = ${literal(schema)} and a.privilege_type = 'TRIGGER'
    union all
    select p.proowner, 'owns the function of the trigger ' || t.tgname from pg_trigger as t
      join pg_class as c on c.oid = t.tgrelid join pg_namespace as n on n.oid = c.relnamespace
      join pg_proc as p on p.oid = t.tgfoid where n.nspname = ${literal(schema)} and not t.tgisinternal
  ) as f
  left join pg_roles as d on d.oid = f.oid and d.rolname = 'pg_database_owner'
  left join pg_roles as r on r.oid = case when d.oid is null then f.oid
    else (select b.datdba from pg_database as b where b.datname = current_database()) end
  where r.oid is null or not (r.rolsuper or r.rolname = current_user)
  order by f.what <> 'owns the schema', f.what limit 1`;

/** @throws `denied` when a role that is not trusted could have prepared the schema, with what to do about it. */
export async function requireOwnSchema(schema: string, run: RunStatement): Promise<void> {
  const { rows } = await run(
    `select s.role, s.what, current_user::text as me from (${strangers(schema)}) as s`,
    [],
  );
  const [found] = rows as readonly { readonly role: string; readonly what: string; readonly me: string }[];
  if (found === undefined) return;
  const { role, what, me } = found;
  throw new MemoryError(
    "denied",
    `${role} ${what} ${JSON.stringify(schema)}: a migration would run what that role may have put there, with the rights of ${me}. ` +
      `Migrate as the role that owns the schema; or look at what is in it, then give it to ${me} (alter schema … owner to …) and revoke what others may do there.`,
    { details: { schema, role, connectedAs: me } },
  );
}

/** The same check as a statement, for a migration that is run by hand. */
export function guardStatement(schema: string): string {
  return `do ${quoteBody(`declare found record;
begin
  for found in ${strangers(schema)}
  loop
    raise insufficient_privilege using message = found.role || ' ' || found.what || '. Migrate as the owner of the schema.';
  end loop;
end`)}`;
}
