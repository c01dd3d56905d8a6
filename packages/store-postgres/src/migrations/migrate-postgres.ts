import { MemoryError } from "@relevo/core";
import type { RunStatement } from "../database/clients.ts";
import { createConnector } from "../database/create-connector.ts";
import { Deadline } from "../database/deadline.ts";
import { diagnose, toMemoryError } from "../database/errors.ts";
import { literal, pinPath, quoteIdentifier } from "../database/text.ts";
import { type ClientOptions, defaultRole, defaultSchema } from "../options.ts";
import { createRole } from "../schema/roles.ts";
import { type MigrationStep, migrationSteps } from "./migrations.ts";
import { createOwnSchema, guardStatement, requireOwnSchema } from "./schema-guard.ts";

/** What `migratePostgres` takes: a client of a role that may create the schema, and where to put it. */
export type MigrateOptions = ClientOptions & {
  /** Where the tables go; `relevo` when left out. */
  readonly schema?: string;
  /**
   * The role that may read and write the tables, made when it is missing; `relevo_app` when left out. Grant it to the
   * login role of the application.
   */
  readonly applicationRole?: string;
  /** Changes nothing and only tells what would be done. */
  readonly dryRun?: boolean;
};

export interface MigrateResult {
  /** Names of the migrations that were applied, or with `dryRun` would be, in order. */
  readonly applied: readonly string[];
  /** The statements of those, in order, as one transaction from `begin` to `commit`. */
  readonly sql: readonly string[];
}

/**
 * Brings the schema up to what this package needs. All of it in one transaction, under an advisory lock: whoever
 * migrates at the same time waits, then finds nothing to do, and a crash leaves what was there before. Forward only.
 * Call it when an application is deployed, not for each of its processes, although that would do no harm.
 *
 * @throws `denied` when the role may not create the schema or the role; `unsupported` when the schema is newer than
 *   this package; `unavailable`.
 *
 * @example
 * ```ts
 * import { PGlite } from "@electric-sql/pglite";
 * import { migratePostgres } from "@relevo/store-postgres";
 *
 * const pglite = new PGlite();
 * const { applied } = await migratePostgres({ pglite });
 * console.log(applied.length); // 1
 * await pglite.close();
 * ```
 */
export async function migratePostgres(options: MigrateOptions): Promise<MigrateResult> {
  const { schema: name = defaultSchema, applicationRole: role = defaultRole, dryRun = false } = options;
  const schema = quoteIdentifier(name);
  quoteIdentifier(role, "applicationRole");
  const connector = createConnector(options, { preparedStatements: false, onError: () => undefined });
  // It takes as long as it takes: the tables may be large, and another process may be at it.
  using deadline = new Deadline(longestMs, undefined);
  const progress = { sent: false };
  try {
    return await connector.transaction(
      // A migrator is often a superuser: names are looked up in pg_catalog alone from the first statement on, or whoever
      // may create in a schema on its path would be one too. A lock of the transaction: one of the session would
      // outlive it behind a pooler in transaction mode.
      `select ${pinPath}, pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended(${literal(`relevo ${name}`)}, 0))`,
      async (run) => {
        await (dryRun ? requireOwnSchema(name, run) : createOwnSchema(name, run));
        const found = await findMigrations(name, schema, run);
        const pending = pendingAfter(found?.applied ?? [], name);
        if (pending.length === 0) return { applied: [], sql: [] };
        const statements = [
          ...(found === undefined ? [bookkeeping(schema)] : []),
          createRole(role),
          ...pending.flatMap((step) => [
            ...step.statements(schema, role),
            `insert into ${schema}.migrations (name, timestamp) values (${literal(step.name)}, ${isoNow})`,
          ]),
        ];
        if (!dryRun) for (const statement of statements) await run(statement, []);
        return { applied: pending.map((step) => step.name), sql: asScript(name, statements) };
      },
      { deadline, progress },
    );
  } catch (error) {
    throw toMemoryError(error, progress.sent && !diagnose(error).refused ? "unknown" : "not-applied");
  }
}

const longestMs = 2 ** 31 - 1;

/** The migrations that the schema has had; `undefined` when there is no table of them. */
async function findMigrations(
  name: string,
  schema: string,
  run: RunStatement,
): Promise<{ readonly applied: readonly string[] } | undefined> {
  const { rows: tables } = await run(
    `select from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    where n.nspname = $1 and c.relname = 'migrations' and c.relkind = 'r'`,
    [name],
  );
  if (tables.length === 0) return undefined;
  const { rows } = await run(`select name from ${schema}.migrations order by name`, []);
  return { applied: (rows as readonly { readonly name: string }[]).map((row) => row.name) };
}

/** What is still to do. @throws `unsupported` when a newer version of this package has been here. */
function pendingAfter(applied: readonly string[], schema: string): readonly MigrationStep[] {
  const unknown = applied.filter((name) => !migrationSteps.some((step) => step.name === name));
  if (unknown.length > 0) {
    throw new MemoryError(
      "unsupported",
      `The schema ${JSON.stringify(schema)} was migrated by a newer version of this package. Upgrade the package.`,
      { details: { unknown } },
    );
  }
  return migrationSteps.filter((step) => !applied.includes(step.name));
}

/** Where the migrations are written down. */
function bookkeeping(schema: string): string {
  return `create table ${schema}.migrations (name text not null primary key, timestamp text not null)`;
}

/** The statements with what this function does besides them, to be run by hand. */
function asScript(name: string, statements: readonly string[]): readonly string[] {
  return [
    "begin",
    `select ${pinPath}`,
    `create schema if not exists ${quoteIdentifier(name)}`,
    guardStatement(name),
    ...statements,
    "commit",
  ];
}

const isoNow = `to_char(clock_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
