import {
  type DatabaseConnection,
  type Driver,
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
} from "kysely";
import type { RunStatement } from "./clients.ts";

/** A Kysely that builds statements and runs none. */
export function createBuilder(schema: string): Kysely<unknown> {
  return over(new DummyDriver()).withSchema(schema);
}

/** A Kysely whose statements all run on one connection, inside the transaction that is open there. */
export function createConnectionQueries(schema: string, run: RunStatement): Kysely<unknown> {
  const connection: DatabaseConnection = {
    async executeQuery<Row>({
      sql,
      parameters,
    }: {
      readonly sql: string;
      readonly parameters: readonly unknown[];
    }) {
      const { rows, affected } = await run(sql, parameters);
      return {
        rows: rows as Row[],
        ...(affected === undefined ? {} : { numAffectedRows: BigInt(affected) }),
      };
    },
    // biome-ignore lint/correctness/useYield: pages are read by keyset; nothing streams.
    async *streamQuery() {
      throw new Error("Streaming is not supported within a transaction of the store.");
    },
  };
  const driver = new DummyDriver();
  driver.acquireConnection = async () => connection;
  return over(driver).withSchema(schema);
}

function over(driver: Driver): Kysely<unknown> {
  return new Kysely<unknown>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => driver,
      createIntrospector: (kysely) => new PostgresIntrospector(kysely),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  });
}
