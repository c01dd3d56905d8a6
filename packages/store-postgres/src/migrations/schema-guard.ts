import { MemoryError } from "@relevo/core";
import type { RunStatement } from "../database/clients.ts";
import { literal } from "../database/text.ts";
import { quoteBody } from "../schema/sql-text.ts";

/** Of strangers and what they hold, so many are named at once. */
const maxNamed = 20;

const grantee = "case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end";

/**
 * Who besides the connected role, superusers and one that is trusted has put something into the schema, or may: its
 * owner, the owner of anything in it, whoever may create in it, and whoever has or may make a trigger on its tables. A
 * migration and a store read and write tables of the schema and call its functions. A trigger on a `migrations` table
 * that somebody has prepared, or a function that fits better than the store's own, would run with the rights of who is
 * connected. `remedy` is the statement that ends it, where there is one. Expects the search path to be pinned.
 */
const strangers = (schema: string, trusted: string | undefined): string => `
  select coalesce(r.rolname, 'PUBLIC')::text as role, f.what, f.remedy from (
    select n.nspowner as oid, 'owns the schema' as what,
      format('alter schema %I owner to %I', n.nspname, current_user) as remedy
    from pg_namespace as n where n.nspname = ${literal(schema)}
    union all
    select a.grantee, 'may create objects in the schema',
      format('revoke create on schema %I from %s cascade', n.nspname, ${grantee})
    from pg_namespace as n cross join lateral aclexplode(n.nspacl) as a
    where n.nspname = ${literal(schema)} and a.privilege_type = 'CREATE'
    union all
    select c.relowner, 'owns the relation ' || c.relname,
      case when c.relkind in ('r', 'p', 'v', 'm', 'f') then format('alter table %s owner to %I', c.oid::regclass, current_user) end
    from pg_class as c
      join pg_namespace as n on n.oid = c.relnamespace where n.nspname = ${literal(schema)}
    union all
    select p.proowner, 'owns the function ' || p.proname,
      format('alter routine %s owner to %I', p.oid::regprocedure, current_user)
    from pg_proc as p
      join pg_namespace as n on n.oid = p.pronamespace where n.nspname = ${literal(schema)}
    union all
    select o.oprowner, 'owns the operator ' || o.oprname, null from pg_operator as o
      join pg_namespace as n on n.oid = o.oprnamespace where n.nspname = ${literal(schema)}
    union all
    select t.typowner, 'owns the type ' || t.typname,
      case when t.typtype <> 'c' then format('alter type %s owner to %I', t.oid::regtype, current_user) end
    from pg_type as t
      join pg_namespace as n on n.oid = t.typnamespace where n.nspname = ${literal(schema)} and t.typelem = 0
    union all
    select a.grantee, 'may create triggers on ' || c.relname,
      format('revoke trigger on %s from %s cascade', c.oid::regclass, ${grantee})
    from pg_class as c
      join pg_namespace as n on n.oid = c.relnamespace cross join lateral aclexplode(c.relacl) as a
    where n.nspname = ${literal(schema)} and a.privilege_type = 'TRIGGER'
    union all
    select p.proowner, 'owns the function of the trigger ' || t.tgname,
      format('drop trigger %I on %s', t.tgname, c.oid::regclass)
    from pg_trigger as t
      join pg_class as c on c.oid = t.tgrelid join pg_namespace as n on n.oid = c.relnamespace
      join pg_proc as p on p.oid = t.tgfoid where n.nspname = ${literal(schema)} and not t.tgisinternal
  ) as f
  left join pg_roles as d on d.oid = f.oid and d.rolname = 'pg_database_owner'
  left join pg_roles as r on r.oid = case when d.oid is null then f.oid
    else (select b.datdba from pg_database as b where b.datname = current_database()) end
  where r.oid is null
    or not (r.rolsuper or r.rolname = current_user${trusted === undefined ? "" : ` or r.rolname = ${literal(trusted)}`})
  order by f.what <> 'owns the schema', f.what limit ${maxNamed}`;

interface Stranger {
  readonly role: string;
  readonly what: string;
  readonly remedy: string | null;
  readonly me: string;
}

/** Who is about to run what is in the schema. */
export interface GuardOptions {
  readonly whose: "migration" | "store";
  /** A role that may put into the schema what it likes, besides the connected one and superusers. */
  readonly trusted?: string | undefined;
}

/**
 * @throws `denied` when a role that is not trusted could have prepared the schema, or may do so now, with what to do
 *   about it.
 */
export async function requireOwnSchema(
  schema: string,
  run: RunStatement,
  { whose, trusted }: GuardOptions,
): Promise<void> {
  const { rows } = await run(
    `select s.role, s.what, s.remedy, current_user::text as me from (${strangers(schema, trusted)}) as s`,
    [],
  );
  const found = rows as readonly Stranger[];
  const [first] = found;
  if (first === undefined) return;
  const { role, what, me } = first;
  const remedies = [...new Set(found.flatMap(({ remedy }) => remedy ?? []))];
  const instead =
    whose === "migration"
      ? "Migrate as the role that owns the schema"
      : "Connect as a member of the application's role that row-level security binds";
  const ending =
    remedies.length === 0
      ? `take it away or give it to ${me}.`
      : `as the owner of the schema or a superuser, run: ${remedies.join("; ")};`;
  throw new MemoryError(
    "denied",
    `Schema ${JSON.stringify(schema)}: ${role} ${what}. A ${whose} would run what that role may have put there, with the rights of ${me}. ` +
      `${instead}; or look at what is in it, then ${ending}`,
    { details: { schema, role, connectedAs: me, run: remedies } },
  );
}

/** The same check as a statement, for a migration that is run by hand. */
export function guardStatement(schema: string): string {
  return `do ${quoteBody(`declare found record;
begin
  for found in ${strangers(schema, undefined)}
  loop
    raise insufficient_privilege using message = found.role || ' ' || found.what || '. Migrate as the owner of the schema.';
  end loop;
end`)}`;
}
