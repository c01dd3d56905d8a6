import { admitFields, admitInteger, type FieldTable, fieldTable } from "@relevo/core/input";
import type { RunStatement } from "../database/clients.ts";
import { createConnector } from "../database/create-connector.ts";
import { Deadline } from "../database/deadline.ts";
import { diagnose, toMemoryError } from "../database/errors.ts";
import { type Rights, readRights } from "../database/rights.ts";
import { requireEncoding } from "../database/settings.ts";
import { literal, pinPath, quoteIdentifier, requireRoleName } from "../database/text.ts";
import { type ClientOptions, clientKinds, defaultRole, defaultSchema } from "../options.ts";
import type { Execution } from "./execution.ts";
import { grantApplicationRole } from "./grant-application-role.ts";
import { migrateSchema } from "./migrate-schema.ts";
import { migrateVectors } from "./migrate-vectors.ts";
import { requireOwnSchema } from "./schema-guard.ts";

const longestMs = 2 ** 31 - 1;
/** An HNSW index of pgvector takes no more. */
const mostDimensions = 2000;

/** What `migratePostgres` takes: a client of a role that may create the schema, and where to put it. */
export type MigrateOptions = ClientOptions & {
  /** Where the tables go; `relevo` when left out. */
  readonly schema?: string;
  /**
   * The role that may read and write the tables, and nothing else; `relevo_app` when left out. Made when it is missing
   * and the role that migrates may create roles. Grant it to the login role of the application. Roles belong to the whole
   * server: on one that you share with people whom you do not trust, name a role of your own.
   */
  readonly applicationRole?: string;
  /**
   * For tenants with many vectors: how many dimensions the vectors of the search index have, at most 2,000. Makes an HNSW
   * index of them, for which the server needs pgvector 0.8.
   */
  readonly vectorDimensions?: number | undefined;
  /** Changes nothing and only tells what would be done. */
  readonly dryRun?: boolean;
};

// `dryRun` guards: undefined by mistake would change the database.
const migrateFields: FieldTable = fieldTable<MigrateOptions>({
  ...clientKinds,
  schema: "selects",
  applicationRole: "selects",
  vectorDimensions: "refines",
  dryRun: "selects",
});

export interface MigrateResult {
  /**
   * Names of the migrations that were applied, or with `dryRun` would be, in order; `search-vectors` is added when the
   * server has got pgvector.
   */
  readonly applied: readonly string[];
  /** The statements that were run, or with `dryRun` would be, in order, as one transaction from `begin` to `commit`. */
  readonly sql: readonly string[];
  /**
   * Whether `applicationRole` may use the schema, so that it can be granted to login roles. False when the role that
   * migrates may not create it: the owner of the schema can use the store nevertheless, and once an administrator has
   * made the role (`create role relevo_app nologin`), the next `migratePostgres` grants it what it needs.
   */
  readonly applicationRoleReady: boolean;
}

/**
 * Brings the schema up to what this package needs. All of it in one transaction, under an advisory lock: whoever
 * migrates at the same time waits, then finds nothing to do, and a crash leaves what was there before. Forward only.
 * Call it when an application is deployed, not for each of its processes, although that would do no harm.
 *
 * The role that migrates owns the tables, and row-level security is forced on it, so it need not be a superuser: what a
 * provider of databases gives people will do, and the store may go on working as it. Where it may create roles it also
 * makes `applicationRole`, to be granted to login roles that can use the store and not change its tables.
 *
 * @throws `denied` when the role may not create the schema or its tables, with what has to be run, in `details.run` too;
 *   `unsupported` when the schema is newer than this package; `unavailable`.
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
export async function migratePostgres(given: MigrateOptions): Promise<MigrateResult> {
  const options = admitFields(given, "options", migrateFields);
  const { schema = defaultSchema, applicationRole = defaultRole, dryRun = false } = options;
  const names = { schema, applicationRole };
  quoteIdentifier(schema);
  requireRoleName(applicationRole, "applicationRole");
  const vectorDimensions =
    options.vectorDimensions === undefined
      ? undefined
      : admitInteger(options.vectorDimensions, "vectorDimensions", 1, mostDimensions);
  const connector = createConnector(options, { preparedStatements: false, onError: () => undefined });
  // It takes as long as it takes: the tables may be large, and another process may be at it.
  using deadline = new Deadline(longestMs, undefined);
  const progress = { sent: false };

  async function migrate(run: RunStatement): Promise<MigrateResult> {
    const sql: string[] = [];
    const execution: Execution = {
      dryRun,
      run,
      async execute(statements) {
        sql.push(...statements);
        if (!dryRun) for (const statement of statements) await run(statement, []);
      },
    };
    const look = (): Promise<Rights> =>
      readRights(schema, applicationRole, async (text, values) => (await run(text, values)).rows);
    const rights = await look();
    requireEncoding(rights.settings);
    // What others have put into the schema must not run with the rights of a superuser, whatever there is to do.
    if (rights.superuser) await requireOwnSchema(schema, run, { whose: "migration" });
    const steps = await migrateSchema(rights, names, execution);
    const vectors = await migrateVectors(rights, names, steps.length > 0, vectorDimensions, execution);
    const applied = [...steps, ...vectors];
    const migrated = applied.length > 0;
    const applicationRoleReady = await grantApplicationRole(rights, names, migrated, execution, look);
    return { applied, sql: asScript(sql), applicationRoleReady };
  }

  try {
    // A migrator is often a superuser: names are looked up in pg_catalog alone from the first statement on, or whoever
    // may create in a schema on its path would be one too. A lock of the transaction: one of the session would outlive
    // it behind a pooler in transaction mode.
    const key = `pg_catalog.hashtextextended(${literal(`relevo ${schema}`)}, 0)`;
    const begin = `select ${pinPath}, pg_catalog.pg_advisory_xact_lock(${key})`;
    return await connector.transaction(begin, migrate, { deadline, progress });
  } catch (error) {
    throw toMemoryError(error, progress.sent && !diagnose(error).refused ? "unknown" : "not-applied");
  }
}

/** The statements with what the migration does besides them, to be run by hand. */
function asScript(statements: readonly string[]): readonly string[] {
  return statements.length === 0 ? [] : ["begin", `select ${pinPath}`, ...statements, "commit"];
}
