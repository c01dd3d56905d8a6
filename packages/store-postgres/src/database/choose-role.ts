import { MemoryError } from "@relevo/core";
import { latestMigration } from "../migrations/names.ts";
import { requireOwnSchema } from "../migrations/schema-guard.ts";
import type { RowLevelSecurity } from "../options.ts";
import { tenantTables } from "../schema/tables.ts";
import type { RunStatement } from "./clients.ts";
import { sqlStateOf } from "./errors.ts";
import { mayNotAssume, mayNotTrust, mayNotUse } from "./remedies.ts";
import { readRights } from "./rights.ts";
import { requireSettings } from "./settings.ts";
import { quoteIdentifier } from "./text.ts";

export interface RoleOptions {
  readonly schema: string;
  readonly rowLevelSecurity: RowLevelSecurity;
  readonly applicationRole: string;
  /** Nobody but this process can put anything into the schema. */
  readonly isPrivate: boolean;
}

/** Runs a statement as the connected role, or as one that a transaction assumes for it. */
export type RunAs = (
  assume: string | undefined,
  text: string,
  values: readonly unknown[],
) => Promise<readonly unknown[]>;

/** Runs the work as the connected role in a transaction, in which names are looked up in `pg_catalog`. */
export type RunInTransaction = (work: (run: RunStatement) => Promise<void>) => Promise<void>;

/** As what a store works. */
export interface Standing {
  /** The role that every transaction has to assume; `undefined` for the connected one. */
  readonly assume: string | undefined;
  /** Whether a statement that is sent alone is isolated as the store needs it. */
  readonly readsCommitted: boolean;
}

interface SchemaRow {
  readonly role: string;
  readonly bypasses: boolean;
  readonly exposed: string | null;
  readonly latest: string | null;
}

/**
 * Finds the role that every transaction has to assume. Looks at the schema, too: a superuser, a role with BYPASSRLS,
 * the owner of a table whose security is not forced, a session with `row_security` off or a table whose security was
 * switched off would show every tenant's rows, and nothing else would ever show it. What others have put into the
 * schema, or may put there, must not run with the rights of a role that sees everything.
 *
 * @throws `denied` when no role is left that row-level security binds, with what has to be run; `unsupported` when the
 *   schema is missing, older or newer, or the database cannot hold every text.
 */
export async function chooseRole(
  options: RoleOptions,
  run: RunAs,
  inTransaction: RunInTransaction,
): Promise<Standing> {
  const { schema, rowLevelSecurity: security, applicationRole } = options;
  const rights = await readRights(schema, applicationRole, (text, values) => run(undefined, text, values));
  requireSettings(rights, security === "bypassed-on-purpose");
  const found = rights.schema;
  if (found?.migrations === undefined) throw missing(schema);
  const { owner, read, trusted } = found.migrations;
  if (rights.superuser && !(found.trusted && trusted)) {
    throw mayNotTrust(rights, options, found.trusted ? owner : found.owner);
  }
  const mayAssume = rights.applicationRole?.assumable === true && rights.applicationRole.usesSchema;
  if (rights.bypasses && !options.isPrivate) {
    // Who is no superuser runs what the owner of the tables puts there as any other user of its schema does.
    await inTransaction((one) => requireOwnSchema(schema, one, { whose: "store", trusted: owner }));
  }
  // A member that does not inherit the application's rights has them only as that role.
  const assume = security === "application-role" || (security === "automatic" && (rights.bypasses || !read));
  if (assume ? !mayAssume : !read) {
    throw read ? mayNotAssume(rights, options, owner) : mayNotUse(rights, options, owner);
  }
  const readsCommitted = rights.settings.isolation === "read committed";
  const standing = (role: string | undefined): Standing => ({ assume: role, readsCommitted });
  const role = assume ? applicationRole : undefined;
  const seen = await look(role, schema, run);
  if (security === "bypassed-on-purpose" || isBound(seen)) return standing(role);
  // As the owner of tables whose security is not forced: the application's role owns none.
  const other = security === "automatic" && !assume && mayAssume;
  if (other && isBound(await look(applicationRole, schema, run))) return standing(applicationRole);
  throw unbound(seen);
}

async function look(role: string | undefined, schema: string, run: RunAs): Promise<SchemaRow> {
  const quoted = quoteIdentifier(schema);
  const text = `select current_user::text as role, r.rolsuper or r.rolbypassrls as bypasses,
      (select string_agg(t.name, ', ') from unnest($1::text[]) as t (name)
        where not row_security_active(format('%I.%I', $2::text, t.name)::regclass)) as exposed,
      (select max(m.name) from ${quoted}.migrations as m) as latest
    from pg_catalog.pg_roles as r where r.rolname = current_user`;
  const [row] = (await run(role, text, [[...tenantTables], schema]).catch((error: unknown) => {
    throw isIncomplete(error) ? missing(schema, error) : error;
  })) as readonly SchemaRow[];
  if (row === undefined) throw new MemoryError("denied", "The role cannot be found in pg_roles.");
  if (row.latest !== latestMigration) {
    const isNewer = row.latest !== null && row.latest > latestMigration;
    const remedy = isNewer ? "Upgrade the package." : "Run migratePostgres() with a role that owns it.";
    throw new MemoryError(
      "unsupported",
      `The schema ${quoted} is at ${row.latest ?? "no migration"}, and this package needs ${latestMigration}. ${remedy}`,
      { details: { found: row.latest, needed: latestMigration } },
    );
  }
  return row;
}

function isBound({ bypasses, exposed }: SchemaRow): boolean {
  return !bypasses && exposed === null;
}

function unbound({ role, bypasses, exposed }: SchemaRow): MemoryError {
  const why = bypasses
    ? `The role ${JSON.stringify(role)} bypasses row-level security`
    : `Row-level security is off for ${exposed}`;
  return new MemoryError(
    "denied",
    `${why}, so the database would not keep tenants apart. Connect as a role that it binds, leave rowLevelSecurity out, ` +
      'or say rowLevelSecurity: "bypassed-on-purpose".',
    { details: { role } },
  );
}

function isIncomplete(error: unknown): boolean {
  const state = sqlStateOf(error);
  return state === "42P01" || state === "3F000" || state === "42704";
}

function missing(schema: string, cause?: unknown): MemoryError {
  return new MemoryError(
    "unsupported",
    `The database has no complete schema ${JSON.stringify(schema)}. Run migratePostgres() with a role that may create it.`,
    { cause },
  );
}
