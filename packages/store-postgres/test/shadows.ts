import { readdirSync, readFileSync } from "node:fs";

/** A path on which whatever others have planted comes before PostgreSQL's own. */
export const hostilePath = 'pg_temp, "$user", public, pg_catalog';

/**
 * Statements that plant, in each of the schemas, a twin of every function, aggregate, operator and type of `pg_catalog`
 * that this package could mean by a name, and some that fit its arguments better than those of PostgreSQL. Each counts
 * in `evil.hits` that it was called, which no rollback takes back, and fails.
 */
export function shadowStatements(schemas: readonly string[]): readonly string[] {
  return [
    "set search_path = pg_catalog",
    `create schema evil`,
    `create sequence evil.hits minvalue 0 start 0`,
    `create function evil.attack(what text) returns boolean language plpgsql set search_path = pg_catalog as $$
begin
  perform nextval('evil.hits');
  raise exception 'shadowed: %', what;
end $$`,
    "grant usage on schema evil to public",
    "grant all on sequence evil.hits to public",
    ...schemas.flatMap((schema) => [plantFunctions(schema), plantOperators(schema), plantTypes(schema)]),
    "reset search_path",
  ];
}

/** Types alone, for `pg_temp`: no function or operator is looked up there. */
export function temporaryShadows(): readonly string[] {
  return ["set search_path = pg_catalog", plantTypes("pg_temp"), "reset search_path"];
}

/** How often something that was planted has been called. */
export const hitsQuery =
  "select case when is_called then last_value + 1 else 0 end::integer as hits from evil.hits";

/** Every word of the sources: who adds a call to a function has it planted too. */
function words(): string {
  const folder = new URL("../src/", import.meta.url);
  const found = new Set<string>();
  for (const file of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith(".ts")) continue;
    const text = readFileSync(new URL(file, folder), "utf8");
    for (const [word] of text.matchAll(/[a-z][a-z0-9_]*/gu)) found.add(word);
  }
  return `array[${[...found].map((word) => `'${word}'`).join(", ")}]`;
}

/** What PostgreSQL takes any types for, so that no twin can be made; each is a better match than its own. */
const betterMatches = [
  "hashtextextended(text, integer)",
  "concat_ws(text, text, bigint, bigint, bigint, text)",
  "jsonb_build_object(text, jsonb, text, jsonb)",
  "format(text, text, text)",
  "to_json(text)",
  "count()",
  "set_config(text, text, boolean)",
];

const plantFunctions = (schema: string): string => `do $do$
declare one record;
begin
  for one in
    select p.proname, p.proretset, format_type(p.prorettype, null) as result,
      coalesce((select string_agg(format_type(t.oid, null), ', ' order by t.n)
        from unnest(p.proargtypes::oid[]) with ordinality as t (oid, n)), '') as arguments
    from pg_proc as p
    where p.pronamespace = 'pg_catalog'::regnamespace and p.proname = any (${words()}) and p.prokind <> 'p'
  loop
    begin
      execute format('create function ${schema}.%I(%s) returns %s %s ', one.proname, one.arguments,
        case when one.proretset then 'setof' else '' end, one.result)
        || ${bodyText("one.proname")};
    exception when others then null;
    end;
  end loop;
  ${betterMatches
    .map(
      (signature) =>
        `begin execute 'create function ${schema}.${signature} returns text ' || ${bodyText(`'${signature}'`)};
  exception when duplicate_function then null; end;`,
    )
    .join("\n  ")}
end $do$`;

function bodyText(name: string): string {
  return `'language plpgsql as ' || quote_literal('begin perform evil.attack(' || quote_literal(${name}) || '); end')`;
}

const plantOperators = (schema: string): string => `do $do$
declare one record;
begin
  for one in
    select o.oprname, o.oid, format_type(o.oprleft, null) as a, format_type(o.oprright, null) as b,
      format_type(o.oprresult, null) as result
    from pg_operator as o where o.oprnamespace = 'pg_catalog'::regnamespace and o.oprkind = 'b'
  loop
    begin
      execute format('create function ${schema}.operator_%s(%s, %s) returns %s ', one.oid, one.a, one.b, one.result)
        || ${bodyText("one.oprname || ' of ' || one.a || ' and ' || one.b")};
      execute format('create operator ${schema}.%s (leftarg = %s, rightarg = %s, function = ${schema}.operator_%s)',
        one.oprname, one.a, one.b, one.oid);
    exception when others then null;
    end;
  end loop;
end $do$`;

const plantTypes = (schema: string): string => `do $do$
declare one record;
begin
  for one in
    select t.typname from pg_type as t
    where t.typnamespace = 'pg_catalog'::regnamespace and t.typname = any (${words()}) and t.typtype = 'b'
  loop
    begin
      execute format('create domain ${schema}.%1$I as pg_catalog.%1$I check (evil.attack(%2$L))', one.typname,
        'type ' || one.typname);
    exception when others then null;
    end;
  end loop;
end $do$`;
