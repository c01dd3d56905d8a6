/** The time that a row gets, in whole milliseconds. Of the wall clock: `now()` stands still within a transaction. */
export const nowMs = "floor(extract(epoch from clock_timestamp()) * 1000)::bigint";

/**
 * Keeps `analyze` from copying values of these columns into `pg_statistic`, where they would outlive an erasure until
 * the table is analyzed again. No query here depends on them: each names the index that it goes by.
 */
export function withoutStatistics(table: string, columns: readonly string[]): string {
  return `alter table ${table} ${columns.map((column) => `alter column ${column} set statistics 0`).join(", ")}`;
}

/**
 * Where a function of the schema looks up names: in `pg_catalog` alone, for tables and types of the session last. Under
 * the caller's path anyone who may create in one of its schemas could plant a function or an operator that fits the
 * arguments better than PostgreSQL's own, and have it run with the rights of whoever calls the function. Every function
 * has it, but for those in `begin atomic` or with `return`, whose names were resolved when they were created.
 */
export const pinnedPath = "set search_path = pg_catalog, pg_temp";

/** A body of a function between dollar quotes that do not occur in it, whatever the name of the schema is. */
export function quoteBody(body: string): string {
  let tag = "$body$";
  while (body.includes(tag)) tag = `$${tag.slice(1, -1)}_$`;
  return `${tag}${body}${tag}`;
}

/**
 * A text as it has to leave the database when a caller chose it: as a JSON string. PGlite's decoder takes U+FEFF off the
 * begin of every value, and with it two ids would become one.
 */
export function asJson(text: string): string {
  return `to_json(${text})::text`;
}

/**
 * A `bigint` as it has to leave the database: as text, for `exactNumber`. As itself one client gives a string and
 * another a number, and `double precision` is rounded to 15 digits where `extra_float_digits` is 0.
 */
export function asText(number: string): string {
  return `${number}::text`;
}

/** Columns of one row as `asText` gives them, by their own names. */
export function asTexts(row: string, names: readonly string[]): string {
  return names.map((name) => `${asText(`${row}.${name}`)} as ${name}`).join(", ");
}

/**
 * Settings of a function that finds each row by an index. A plan is kept for as long as nobody counts the table anew:
 * one that was made, or planned from statistics, while a table was empty would read all of it for each call, however
 * long it grew since. Without `jit` for the reason below.
 */
export const byIndex = "set enable_seqscan = off set jit = off";

/**
 * Settings of a function that gives a piece of a long list: only by an index in the order that is asked for. A planner
 * that expects few rows, or knows of a budget of thousands, would fetch and sort all of a tenant to give back the first.
 * Without `jit`, because a sort of a few values, which nothing can replace, then seems to cost enough to be compiled,
 * each time anew: one call of upkeep took longer than 30 seconds.
 */
export const inOrder =
  "set enable_sort = off set enable_bitmapscan = off set enable_seqscan = off set jit = off";
