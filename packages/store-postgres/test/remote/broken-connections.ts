import { MemoryError } from "@relevo/core";
import { Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import { createPostgresStore, guardPool, migratePostgres, type PostgresStore } from "../../src/index.ts";
import {
  authenticationOk,
  commandComplete,
  readyForQuery,
  startFakeServer,
  terminated,
} from "../fake-server.ts";

// A process of its own, as what is tested is that it survives. Prints how each call ended, as JSON.

const [way] = process.argv.slice(2);
/** The first connections break: more of them than a call tries. With `handed-over`, at the end of their first query. */
const broken = 6;
const breaksLate = way === "handed-over";

await using server = await startFakeServer({
  onStartup: (connection) =>
    Buffer.concat([
      authenticationOk,
      readyForQuery(),
      ...(connection <= broken && !breaksLate ? [terminated] : []),
    ]),
  onMessage(type, _text, connection) {
    if (type !== "Q") return undefined;
    const answer = [commandComplete("SELECT 0"), readyForQuery()];
    return Buffer.concat(connection <= broken && breaksLate ? [...answer, terminated] : answer);
  },
});
const max = breaksLate ? 1 : 2;
const pool = new pg.Pool({ host: "127.0.0.1", port: server.port, user: "app", database: "app", max });
const outcomes: string[] = [];

async function call(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
    outcomes.push("none");
  } catch (error) {
    outcomes.push(MemoryError.isInstance(error) ? `${error.code} ${error.outcome}` : String(error));
  }
}

const append = (store: PostgresStore) => () =>
  store.log.append({ tenant: "acme", session: "s-1" }, [{ type: "x-note", body: 1 }]);

if (way === "migrate") {
  while (server.connections() < broken) await call(() => migratePostgres({ pool }));
} else if (way === "kysely") {
  const kysely = new Kysely({ dialect: new PostgresDialect({ pool: guardPool(pool) }) });
  await call(append(createPostgresStore({ kysely })));
} else if (way === "pool") {
  await call(append(createPostgresStore({ pool })));
} else {
  // The caller's query ends and the store's call gets its connection, all while one packet is read.
  const store = createPostgresStore({ pool });
  const query = pool.query("select");
  await Promise.all([query, call(append(store))]);
}
while (server.connections() < broken) await pool.query("select").catch(() => undefined);
const { rowCount } = await pool.query("select");
console.log(JSON.stringify({ outcomes, recovered: rowCount === 0, waiting: pool.waitingCount }));
await pool.end();
