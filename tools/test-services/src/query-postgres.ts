import type { QueryResult } from "pg";

/** One row, its columns by name. */
export type PostgresRow = Readonly<Record<string, unknown>>;

const connectDeadlineMs = 5_000;

/** Runs SQL over a connection of its own; the rows are those of its last statement. The driver is loaded here, so that tests of Redis do without it. */
export async function queryPostgres(url: string, sql: string): Promise<readonly PostgresRow[]> {
  const { Client } = await import("pg");
  const client = new Client({ connectionString: url, connectionTimeoutMillis: connectDeadlineMs });
  // A server that is killed breaks the connection between two calls too, which is no failure of this process.
  client.on("error", () => undefined);
  try {
    await client.connect();
    // Several statements have a result each, which the driver's types leave out.
    const result: QueryResult<PostgresRow> | QueryResult<PostgresRow>[] = await client.query(sql);
    return Array.isArray(result) ? (result.at(-1)?.rows ?? []) : result.rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}
