import { refuse } from "@relevo/core";

/** PostgreSQL cuts longer names off without a word. In bytes. */
const maxIdentifier = 63;

/** A name as it stands in a statement. @throws `invalid-input` for a name that PostgreSQL would change or refuse. */
export function quoteIdentifier(name: string, field: string = "schema"): string {
  const bytes = typeof name === "string" ? Buffer.byteLength(name) : 0;
  if (bytes === 0 || bytes > maxIdentifier || name.includes("\0") || !name.isWellFormed()) {
    throw refuse(field, `must be a name of 1 to ${maxIdentifier} bytes without NUL.`);
  }
  if (name.startsWith("pg_"))
    throw refuse(field, "must not begin with pg_, which PostgreSQL keeps for itself.");
  return `"${name.replaceAll('"', '""')}"`;
}

/**
 * A text as an expression, where no parameter can go. As hexadecimal digits, which mean the same whatever
 * `standard_conforming_strings` says.
 */
export function literal(text: string): string {
  return `pg_catalog.convert_from(pg_catalog.decode('${Buffer.from(text, "utf8").toString("hex")}', 'hex'), 'UTF8')`;
}

/** Where names are looked up within a transaction of ours, as a call of `set_config` that ends with it. */
export const pinPath = "pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true)";
