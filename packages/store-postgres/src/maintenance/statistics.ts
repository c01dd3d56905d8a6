import type { CallOptions } from "@relevo/core";
import type { StoreContext } from "../context.ts";
import { exactNumber, exactOrNull } from "../database/exact-number.ts";
import { isLive } from "../log/head.ts";
import { nowMs } from "../schema/sql-text.ts";

/** What one tenant holds. */
export interface TenantStatistics {
  readonly sessions: number;
  readonly events: number;
  /** Of the events in logs, as JSON in UTF-8. */
  readonly eventBytes: number;
  /** Documents that stand alone, and those of sessions. */
  readonly documents: number;
}

/** One table, as the server estimates it. */
export interface TableStatistics {
  readonly table: string;
  readonly rows: number;
  /** Rows that vacuum has not removed yet. */
  readonly deadRows: number;
  /** With indexes and what is stored apart. */
  readonly bytes: number;
  /** When vacuum came by last, by itself or called; absent when it never did. In milliseconds since the epoch. */
  readonly vacuumedAt?: number;
}

type Signal = CallOptions;

export async function readStatistics(
  { database }: StoreContext,
  tenant: string,
  signal: Signal,
): Promise<TenantStatistics> {
  const [row] = await database.call<{ sessions: string; events: string; bytes: string; documents: string }>(
    {
      name: "tenant_statistics",
      text: `select s.*, d.documents
from (select set_config('relevo.tenant', $1, true) as tenant offset 0) as scope
cross join lateral (
  select count(*)::text as sessions, coalesce(sum(s.events), 0)::text as events,
    coalesce(sum(s.bytes), 0)::text as bytes
  from ${database.schema}.sessions as s where s.tenant = scope.tenant and ${isLive("s")}
) as s
cross join lateral (
  select count(*)::text as documents from ${database.schema}.documents as d
  where d.tenant = scope.tenant and (d.expires_at is null or d.expires_at > ${nowMs})
    and (d.session = '' or exists (
      select from ${database.schema}.sessions as s
      where s.tenant = d.tenant and s.session = d.session and s.generation = d.generation and ${isLive("s")}
    ))
) as d`,
      values: [tenant],
    },
    { effect: "read", ...signal },
  );
  return {
    sessions: exactNumber(row?.sessions ?? "0"),
    events: exactNumber(row?.events ?? "0"),
    eventBytes: exactNumber(row?.bytes ?? "0"),
    documents: exactNumber(row?.documents ?? "0"),
  };
}

interface TableRow {
  readonly name: string;
  readonly rows: string;
  readonly dead: string;
  readonly bytes: string;
  readonly vacuumed: string | null;
}

/** Asks for every table of a schema, `$1`. */
const tableStatisticsText = `select c.relname::text as name, greatest(c.reltuples, 0)::bigint::text as rows,
  coalesce(s.n_dead_tup, 0)::text as dead, pg_total_relation_size(c.oid)::text as bytes,
  floor(extract(epoch from greatest(s.last_vacuum, s.last_autovacuum)) * 1000)::bigint::text as vacuumed
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
left join pg_catalog.pg_stat_all_tables as s on s.relid = c.oid
where c.relkind = 'r' and n.nspname = $1
order by c.relname`;

/** What `tableStatisticsText` answered. */
function tableStatisticsOf(rows: readonly unknown[]): readonly TableStatistics[] {
  return (rows as readonly TableRow[]).map(({ name, rows: count, dead, bytes, vacuumed }) => {
    const vacuumedAt = exactOrNull(vacuumed);
    return {
      table: name,
      rows: exactNumber(count),
      deadRows: exactNumber(dead),
      bytes: exactNumber(bytes),
      ...(vacuumedAt === null ? {} : { vacuumedAt }),
    };
  });
}

export async function tableStatistics(
  { database }: StoreContext,
  signal: Signal,
): Promise<readonly TableStatistics[]> {
  const rows = await database.call(
    { name: "table_statistics", text: tableStatisticsText, values: [database.schemaName] },
    { effect: "read", ...signal },
  );
  return tableStatisticsOf(rows);
}
