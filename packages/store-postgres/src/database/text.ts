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
 * A text as an expression, where no parameter can go. As hexadecimal digits, which end no string whatever
 * `standard_conforming_strings` says.
 */
export function literal(text: string): string {
  return `convert_from('\\x${Buffer.from(text, "utf8").toString("hex")}'::bytea, 'UTF8')`;
}
