import { MemoryError } from "@relevo/core";
import { latestMigration, tenantTables } from "../migrations/names.ts";
import { sqlStateOf } from "./errors.ts";
import { quoteIdentifier } from "./text.ts";

interface RoleRow {
  readonly role: string;
  readonly bypasses: boolean;
  readonly exposed: string | null;
  readonly latest: string | null;
}

/**
 * Looks at the schema and the role that the store works as. A superuser, a role with BYPASSRLS, a session with
 * `row_security` off or a table whose security was switched off would see every tenant's rows, and nothing else would
 * ever show it.
 *
 * @throws `denied` when the role bypasses row-level security; `unsupported` when the schema is missing or older.
 */
export async function checkRole(
  schema: string,
  allowBypass: boolean,
  run: (text: string, values: readonly unknown[]) => Promise<readonly unknown[]>,
): Promise<void> {
  const quoted = quoteIdentifier(schema);
  const text = `select current_user::text as role, r.rolsuper or r.rolbypassrls as bypasses,
      (select string_agg(t.name, ', ') from unnest($1::text[]) as t (name)
        where not row_security_active(format('%I.%I', $2::text, t.name)::regclass)) as exposed,
      (select max(m.name) from ${quoted}.migrations as m) as latest
    from pg_catalog.pg_roles as r where r.rolname = current_user`;
  const [row] = (await run(text, [[...tenantTables], schema]).catch((error: unknown) => {
    throw explain(error, schema);
  })) as readonly RoleRow[];
  if (row === undefined) throw new MemoryError("denied", "The connected role cannot be found in pg_roles.");
  if (row.latest === null || row.latest < latestMigration) {
    throw new MemoryError(
      "unsupported",
      `The schema ${quoted} is at ${row.latest ?? "no migration"}, and this package needs ${latestMigration}. Run migratePostgres() with a role that owns it.`,
      { details: { found: row.latest, needed: latestMigration } },
    );
  }
  if (allowBypass || (!row.bypasses && row.exposed === null)) return;
  const why = row.bypasses
    ? `The role ${JSON.stringify(row.role)} bypasses row-level security`
    : `Row-level security is off for ${row.exposed}`;
  throw new MemoryError(
    "denied",
    `${why}, so the database would not keep tenants apart. Connect as a role that is in relevo_app and is no superuser, ` +
      'let the store assume that role with rowLevelSecurity: "application-role", or say rowLevelSecurity: "bypassed-on-purpose".',
    { details: { role: row.role } },
  );
}

function explain(error: unknown, schema: string): unknown {
  const state = sqlStateOf(error);
  if (state !== "42P01" && state !== "3F000" && state !== "42704" && state !== "22023") return error;
  return new MemoryError(
    "unsupported",
    `The database has no complete schema ${JSON.stringify(schema)}. Run migratePostgres() with a role that may create it.`,
    { cause: error, details: { sqlState: state } },
  );
}
