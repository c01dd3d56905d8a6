import { refuse } from "@relevo/core/input";

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

/** Names that PostgreSQL takes for something else than a role, some of them in quotes too. */
const noRoles: ReadonlySet<string> = new Set([
  "public",
  "none",
  "user",
  "current_user",
  "current_role",
  "session_user",
]);

/**
 * The name of a role of the application's own. `set role none` would end what a transaction has assumed, and a grant to
 * `public` would open the tables to everybody.
 *
 * @throws `invalid-input` for any other name.
 */
export function requireRoleName(name: string, field: string): string {
  quoteIdentifier(name, field);
  if (!noRoles.has(name)) return name;
  throw refuse(
    field,
    `must be a role of its own, and ${name} is a word of PostgreSQL. Leave it out, or name another.`,
  );
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
