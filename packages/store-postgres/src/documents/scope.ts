import { type RawBuilder, sql } from "kysely";
import { nowMs } from "../schema/sql-text.ts";

export type Fragment = RawBuilder<unknown>;

/**
 * The tenant, the time and the session of one statement, as its first subqueries `scope` and `unit`. The setting of
 * the tenant comes out of `scope`, so it has happened before a row is looked at; and as a parameter of the lateral
 * subqueries that follow it leads every scan by the beginning of a key. No row when the session is not there.
 */
export function scopeSql(schema: string, tenant: string, session: string | undefined): Fragment {
  const scope = sql`scope as materialized (
    select set_config('relevo.tenant', ${tenant}::text, true) as tenant, ${sql.raw(nowMs)} as now
  )`;
  if (session === undefined) {
    return sql`${scope}, unit as materialized (
    select scope.tenant, scope.now, ''::text as session, 0::bigint as generation, null::bigint as expires_at,
      null::text as incarnation from scope
  )`;
  }
  return sql`${scope}, unit as materialized (
    select scope.tenant, scope.now, s.session, s.generation, s.expires_at, s.incarnation
    from scope cross join lateral (
      select s.* from ${sql.raw(schema)}.sessions as s
      where s.tenant = scope.tenant and s.session = ${session}::text offset 0
    ) as s
    where s.incarnation is not null and (s.expires_at is null or s.expires_at > scope.now)
  )`;
}

/** Whether a row belongs to what `unit` names. */
export function inUnit(alias: string): Fragment {
  const column = (name: string): Fragment => sql.ref(`${alias}.${name}`);
  return sql`${column("tenant")} = unit.tenant and ${column("session")} = unit.session and ${column("generation")} = unit.generation`;
}
