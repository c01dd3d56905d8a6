/** What `guardPool` calls of a `Pool` of `pg`. */
export interface GuardedPool {
  on(event: "error", listener: (error: Error) => void): unknown;
  on(event: "acquire", listener: (client: GuardedClient) => void): unknown;
  listenerCount(event: string, listener?: (...values: never[]) => void): number;
}

/** What `guardPool` calls of a client of such a pool. */
export interface GuardedClient {
  on(event: "error", listener: (error: Error) => void): unknown;
  listenerCount(event: string, listener?: (...values: never[]) => void): number;
}

/**
 * Keeps connections of a pool that break from ending the process, in whatever moment they do, and returns the pool.
 * `createPostgresStore` does so by itself for a `pool` that it is given. It cannot see the one below a Kysely:
 *
 * ```ts no-run
 * const dialect = new PostgresDialect({ pool: guardPool(new pg.Pool({ connectionString })) });
 * const store = createPostgresStore({ kysely: new Kysely({ dialect }) });
 * ```
 *
 * A listener for `error` on the pool is not enough. The pool takes its own listener off a client when it hands it out,
 * and whoever waits for the client by a promise has none on it before the rest of the same packet was read, which may
 * say that the server ends the connection. Queries on such a connection fail as before. Idempotent.
 *
 * @param onError receives what breaks an idle connection, unless the pool has a listener for that already.
 */
export function guardPool<Pool extends GuardedPool>(
  pool: Pool,
  onError: (error: unknown) => void = ignore,
): Pool {
  if (pool.listenerCount("error") === 0) pool.on("error", onError);
  if (pool.listenerCount("acquire", guardClient) === 0) pool.on("acquire", guardClient);
  return pool;
}

function guardClient(client: GuardedClient): void {
  if (client.listenerCount("error", ignore) === 0) client.on("error", ignore);
}

function ignore(): void {}
