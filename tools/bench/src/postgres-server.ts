import type { Store } from "@relevo/core";
import { createPostgresStore, migratePostgres } from "@relevo/store-postgres";
import { startPostgres } from "@relevo/test-services";
import pg from "pg";

/** A private server that waits for its disk, with the store on it twice. */
export interface PostgresBench extends AsyncDisposable {
  /** Of the database, for its owner. */
  readonly url: string;
  readonly owner: pg.Pool;
  /** Of `secured`, with one connection. */
  readonly pool: pg.Pool;
  /** Under row-level security, as it should run. */
  readonly secured: Store;
  /** By a role that bypasses row-level security. */
  readonly bypassing: Store;
}

export async function startPostgresBench(): Promise<PostgresBench> {
  const server = await startPostgres({ durable: true });
  const url = await server.createDatabase("bench");
  const owner = new pg.Pool({ connectionString: url, max: 1 });
  await migratePostgres({ pool: owner });
  await owner.query("create role bench login in role relevo_app");
  const asApplication = new URL(url);
  asApplication.username = "bench";
  const pool = new pg.Pool({ connectionString: asApplication.href, max: 1 });
  const secured = createPostgresStore({ pool });
  const bypassing = createPostgresStore({ pool: owner, rowLevelSecurity: "bypassed-on-purpose" });
  return {
    url,
    owner,
    pool,
    secured,
    bypassing,
    async [Symbol.asyncDispose]() {
      await Promise.all([secured.close(), bypassing.close()]);
      await Promise.all([pool.end(), owner.end()]);
      await server.stop();
    },
  };
}
