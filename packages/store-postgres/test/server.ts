import {
  type PostgresDatabases,
  type PostgresServer,
  startPostgres,
  startPrivatePostgres,
} from "@relevo/test-services";
import pg from "pg";
import { migratePostgres } from "../src/index.ts";
import { hitsQuery, hostilePath, shadowStatements } from "./shadows.ts";

/** A migrated database, and how the application and its owner reach it. */
export interface TestDatabase extends AsyncDisposable {
  /** As a role that is in relevo_app and may do nothing else. */
  readonly url: string;
  /** As the owner of everything, who bypasses row-level security. */
  readonly ownerUrl: string;
  readonly server: PostgresDatabases;
  /** How often the application or the migration called what others had planted; with `shadowed`. */
  hits(): Promise<number>;
}

export interface TestDatabaseOptions {
  /** Twins of PostgreSQL's functions, operators and types stand in every schema, and before its own. */
  readonly shadowed?: boolean;
}

/** The login role of tests. Roles belong to the whole server, so it may be there from another test. */
const appRole = "relevo_test_app";

export async function openTestDatabase(
  server?: PostgresDatabases,
  { shadowed = false }: TestDatabaseOptions = {},
): Promise<TestDatabase> {
  const own = server ?? (await startPostgres());
  const ownerUrl = await own.createDatabase();
  const owner = new pg.Pool({ connectionString: ownerUrl, max: 1 });
  try {
    if (shadowed) {
      await owner.query(`create schema ${appRole}; grant usage on schema ${appRole} to public`);
      for (const statement of shadowStatements([appRole, "public"])) await owner.query(statement);
      await owner.query(`set search_path = ${hostilePath}`);
    }
    await migratePostgres({ pool: owner });
    await owner.query("set search_path = pg_catalog");
    await owner.query(`do $$ begin
      create role ${appRole} login password 'relevo' in role relevo_app;
    exception when duplicate_object or unique_violation then null; end $$`);
    if (shadowed) {
      await owner.query(`do $$ begin
        execute format('alter role ${appRole} in database %I set search_path = ${hostilePath}', current_database());
      end $$`);
    }
  } finally {
    await owner.end();
  }
  const url = new URL(ownerUrl);
  url.username = appRole;
  url.password = "relevo";
  return {
    url: url.href,
    ownerUrl,
    server: own,
    async hits() {
      const [row] = await own.query(hitsQuery, ownerUrl);
      return Number(row?.hits);
    },
    async [Symbol.asyncDispose]() {
      if (server === undefined) await own.stop();
    },
  };
}

/** As `openTestDatabase`, on a server that may be killed. */
export async function openPrivateDatabase(
  options: Parameters<typeof startPrivatePostgres>[0] = {},
): Promise<TestDatabase & { readonly server: PostgresServer }> {
  const server = await startPrivatePostgres(options);
  const database = await openTestDatabase(server);
  return {
    ...database,
    server,
    async [Symbol.asyncDispose]() {
      await server.stop();
    },
  };
}
