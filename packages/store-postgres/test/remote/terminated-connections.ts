import { MemoryError } from "@relevo/core";
import { Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import { createPostgresStore, guardPool } from "../../src/index.ts";

// A process of its own, as what is tested is that it survives: the README's pool, 40 writers, and an administrator who
// terminates their connections until twenty have gone. Prints what became of it, as JSON.

const [way, url, ownerUrl] = process.argv.slice(2);
const writers = 40;
const wanted = 20;

const pool = new pg.Pool({ connectionString: url, connectionTimeoutMillis: 5_000, keepAlive: true });
const store =
  way === "kysely"
    ? createPostgresStore({ kysely: new Kysely({ dialect: new PostgresDialect({ pool: guardPool(pool) }) }) })
    : createPostgresStore({ pool });
const admin = new pg.Client({ connectionString: ownerUrl });
await admin.connect();

const address = (writer: number) => ({ tenant: way ?? "", session: `s-${writer}` });
const untyped: string[] = [];
let terminated = 0;
let acknowledged = 0;

/** Appends until enough connections were terminated, each event again and again until it is acknowledged. */
async function write(writer: number): Promise<void> {
  for (let count = 1; count === 1 || terminated < wanted; count++) {
    const operation = { id: `${writer}-${count}`, fingerprint: "f" };
    for (;;) {
      try {
        await store.log.append(address(writer), [{ type: "x-note", body: count }], { operation });
        acknowledged++;
        break;
      } catch (error) {
        if (MemoryError.isInstance(error, "unavailable")) continue;
        untyped.push(String(error));
        return;
      }
    }
  }
}

async function terminate(): Promise<void> {
  while (terminated < wanted) {
    const { rowCount } = await admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where usename = 'relevo_test_app' and datname = current_database() limit 1`,
    );
    terminated += rowCount ?? 0;
  }
}

await Promise.all([terminate(), ...Array.from({ length: writers }, (_, index) => write(index))]);
let stored = 0;
for (let writer = 0; writer < writers; writer++) {
  stored += (await store.log.head(address(writer)))?.version ?? 0;
}
console.log(JSON.stringify({ terminated, acknowledged, stored, untyped }));
await store.close();
await pool.end();
await admin.end();
