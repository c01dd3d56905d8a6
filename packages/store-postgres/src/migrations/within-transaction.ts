import {
  type CompiledQuery,
  type DatabaseConnection,
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
  sql,
  type Transaction,
} from "kysely";
import type { AnyKysely } from "../database/clients.ts";

/** What the migrator would lock for itself is locked already. */
class LockedAdapter extends PostgresAdapter {
  override async acquireMigrationLock(): Promise<void> {}
  override async releaseMigrationLock(): Promise<void> {}
}

/**
 * One transaction for all that a migrator does, under a lock that ends with it. The migrator's own lock belongs to the
 * session: behind a pooler in transaction mode it would be taken on one connection, not hold on the next, and never
 * be given back.
 */
export async function withinTransaction<Result>(
  kysely: AnyKysely,
  lock: string,
  work: (kysely: Kysely<unknown>) => Promise<Result>,
): Promise<Result> {
  return await kysely.transaction().execute(async (transaction) => {
    await sql`select pg_advisory_xact_lock(hashtextextended(${lock}, 0))`.execute(transaction);
    const failures: unknown[] = [];
    try {
      return await work(over(transaction, (error) => failures.push(error)));
    } catch (error) {
      // After the first the server refuses every statement, and the migrator tries some before it throws.
      throw failures[0] ?? error;
    }
  });
}

/** A Kysely whose transactions are parts of this one. */
function over(transaction: Transaction<unknown>, onFailure: (error: unknown) => void): Kysely<unknown> {
  const connection: DatabaseConnection = {
    async executeQuery<Row>(query: CompiledQuery) {
      try {
        return (await transaction.executeQuery(query)) as QueryResult<Row>;
      } catch (error) {
        onFailure(error);
        throw error;
      }
    },
    // biome-ignore lint/correctness/useYield: a migrator streams nothing.
    async *streamQuery() {
      throw new Error("Streaming is not supported within a migration.");
    },
  };
  const driver = new DummyDriver();
  driver.acquireConnection = async () => connection;
  return new Kysely<unknown>({
    dialect: {
      createAdapter: () => new LockedAdapter(),
      createDriver: () => driver,
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  });
}
