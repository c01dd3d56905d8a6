import { MemoryError } from "@relevo/core";
import { Kysely, type PostgresPool as KyselyPool, PGliteDialect, PostgresDialect, sql } from "kysely";
import { type Migration, Migrator } from "kysely/migration";
import type { AnyKysely } from "../database/clients.ts";
import { toMemoryError } from "../database/errors.ts";
import { literal, quoteIdentifier } from "../database/text.ts";
import { type ClientOptions, defaultRole, defaultSchema } from "../options.ts";
import { createRole } from "../schema/roles.ts";
import { migrationSteps } from "./migrations.ts";
import { withinTransaction } from "./within-transaction.ts";

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
  /** The statements of those, in order. */
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
  const migratorOf = (db: AnyKysely): Migrator =>
    new Migrator({
      db,
      provider: { getMigrations: async () => migrationsFor(schema, role) },
      migrationTableName: "migrations",
      migrationLockTableName: "migrations_lock",
      migrationTableSchema: name,
    });
  try {
    const known = new Map(migrationSteps.map((step) => [step.name, step]));
    const sqlOf = (names: readonly string[]): readonly string[] => [
      ...(names.length === 0 ? [] : [...bookkeeping(schema), createRole(role)]),
      ...names.flatMap((one) => [
        ...(known.get(one)?.statements(schema, role) ?? []),
        `insert into ${schema}.migrations (name, timestamp) values (${literal(one)}, ${isoNow})`,
      ]),
    ];
    if (dryRun) {
      const pending = (await migratorOf(kyselyOf(options)).getMigrations())
        .filter(({ executedAt }) => executedAt === undefined)
        .map((one) => one.name);
      return { applied: pending, sql: sqlOf(pending) };
    }
    const results = await withinTransaction(kyselyOf(options), `relevo ${name}`, async (db) => {
      const { error, results: steps = [] } = await migratorOf(db).migrateToLatest();
      if (error !== undefined) throw error;
      return steps;
    });
    const applied = results.filter(({ status }) => status === "Success").map((one) => one.migrationName);
    return { applied, sql: sqlOf(applied) };
  } catch (error) {
    throw explain(error, name);
  }
}

/** What Kysely's migrator makes by itself, so that the SQL of a dry run is all that there is to run by hand. */
function bookkeeping(schema: string): readonly string[] {
  return [
    `create schema if not exists ${schema}`,
    `create table if not exists ${schema}.migrations (name varchar(255) not null primary key, timestamp varchar(255) not null)`,
    `create table if not exists ${schema}.migrations_lock (id varchar(255) not null primary key, is_locked integer default 0 not null)`,
    `insert into ${schema}.migrations_lock (id, is_locked) values ('migration_lock', 0) on conflict do nothing`,
  ];
}

/** As JavaScript writes a time, which is what the migrator compares. */
const isoNow = `to_char(clock_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

function migrationsFor(schema: string, role: string): Record<string, Migration> {
  return Object.fromEntries(
    migrationSteps.map((step) => [
      step.name,
      {
        async up(kysely: Kysely<unknown>) {
          await sql.raw(createRole(role)).execute(kysely);
          for (const statement of step.statements(schema, role)) await sql.raw(statement).execute(kysely);
        },
      },
    ]),
  );
}

function kyselyOf(options: ClientOptions): AnyKysely {
  if (options.kysely !== undefined) return options.kysely;
  if (options.pglite !== undefined)
    return new Kysely({ dialect: new PGliteDialect({ pglite: options.pglite }) });
  return new Kysely({ dialect: new PostgresDialect({ pool: options.pool as unknown as KyselyPool }) });
}

function explain(error: unknown, schema: string): MemoryError {
  // Kysely finds a migration in the table that it was not given: a newer package has been here.
  if (error instanceof Error && error.message.includes("previously executed migration")) {
    return new MemoryError(
      "unsupported",
      `The schema ${JSON.stringify(schema)} was migrated by a newer version of this package. Upgrade the package.`,
      { cause: error },
    );
  }
  return toMemoryError(error, "not-applied");
}
