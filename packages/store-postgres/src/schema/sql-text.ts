/** The time that a row gets, in whole milliseconds. Of the wall clock: `now()` stands still within a transaction. */
export const nowMs = "floor(extract(epoch from clock_timestamp()) * 1000)::bigint";

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
