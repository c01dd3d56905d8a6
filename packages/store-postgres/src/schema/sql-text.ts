/** The time that a row gets, in whole milliseconds. Of the wall clock: `now()` stands still within a transaction. */
export const nowMs = "floor(extract(epoch from clock_timestamp()) * 1000)::bigint";

/** The same in microseconds. */
export const nowUs = "floor(extract(epoch from clock_timestamp()) * 1000000)::bigint";

/** A body of a function between dollar quotes that do not occur in it, whatever the name of the schema is. */
export function quoteBody(body: string): string {
  let tag = "$body$";
  while (body.includes(tag)) tag = `$${tag.slice(1, -1)}_$`;
  return `${tag}${body}${tag}`;
}

/**
 * A text as it has to leave the database when a caller chose it: as a JSON string. PGlite's decoder takes U+FEFF off the
 * start of every value, and with it two ids would become one.
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
