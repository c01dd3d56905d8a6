import { requireService } from "@relevo/test-services";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPostgresStore, type PostgresStore, type PostgresStoreOptions } from "../src/index.ts";
import { failureOf, hangMs, holdSession, note, notesOf, until } from "./failure-support.ts";
import { openTestDatabase, type TestDatabase } from "./server.ts";

type Options = Partial<Omit<PostgresStoreOptions, "pool" | "pglite" | "kysely">>;

describe.skipIf(!requireService("postgres", { for: "what a store hands back to the caller's pool" }))(
  "a client that goes back to the caller's pool",
  () => {
    let database: TestDatabase;
    let count = 0;

    beforeAll(async () => {
      database = await openTestDatabase();
    });
    afterAll(async () => {
      await database?.[Symbol.asyncDispose]();
    });

    const newAddress = () => ({ tenant: "acme", session: `s-${++count}` });

    /** The work with a store over a pool of one connection, so that what a call leaves behind is what is found next. */
    async function withStore(
      options: Options,
      work: (store: PostgresStore, pool: pg.Pool) => Promise<void>,
    ): Promise<void> {
      const pool = new pg.Pool({ connectionString: database.url, max: 1 });
      try {
        await using store = createPostgresStore({ pool, timeoutMs: hangMs, ...options });
        await work(store, pool);
      } finally {
        await pool.end();
      }
    }

    /** That the caller's next query works, outside any transaction, as the connected role and for no tenant. */
    async function expectClean(pool: pg.Pool): Promise<void> {
      const { rows } = await pool.query(
        `select current_user::text as role, coalesce(current_setting('relevo.tenant', true), '') as tenant,
          current_setting('lock_timeout') as lock`,
      );
      expect(rows).toEqual([{ role: "relevo_test_app", tenant: "", lock: "0" }]);
      const client = await pool.connect();
      const status = client.getTransactionStatus();
      client.release();
      expect(status).toBe("I");
    }

    it("is no longer in the transaction that could not begin", async () => {
      const assuming: Options = {
        rowLevelSecurity: "application-role",
        applicationRole: "relevo_test_not_there",
      };
      await withStore(assuming, async (store, pool) => {
        await failureOf(store.log.append(newAddress(), note("a")));
        await expectClean(pool);
        await failureOf(store.maintenance.expire());
        await expectClean(pool);
      });
    });

    it("is clean after a transaction that a lock, a signal or an error ended", async () => {
      await withStore({}, async (store, pool) => {
        await using hasty = createPostgresStore({ pool, timeoutMs: 700 });
        const address = newAddress();
        await store.log.append(address, note("a"));
        const waits = async () => {
          const rows = await database.server.query(
            "select from pg_stat_activity where usename = 'relevo_test_app' and wait_event_type = 'Lock'",
            database.ownerUrl,
          );
          return rows.length > 0;
        };
        const erase = ({ log }: PostgresStore, signal?: AbortSignal) =>
          log.erase(address, { seqs: [{ from: 1, to: 1 }], ...(signal && { signal }) });
        {
          await using _held = await holdSession(database.ownerUrl, address);
          expect((await failureOf(erase(hasty))).code).toBe("timeout");
          await expectClean(pool);
          const controller = new AbortController();
          const aborted = failureOf(erase(store, controller.signal));
          await until("the wait for the lock", waits);
          controller.abort();
          expect((await aborted).code).toBe("aborted");
          await expectClean(pool);
        }
        await failureOf(store.log.append(address, note("b"), { expectedVersion: 9 }));
        await expectClean(pool);
      });
    });

    it.each(["begin", "begin; select 1/0"])(
      "and was left within a transaction by its last user (%s) is not worked on",
      async (left) => {
        await withStore({}, async (store, pool) => {
          const address = newAddress();
          await store.log.append(address, note("a"));
          const client = await pool.connect();
          await client.query(left).catch(() => undefined);
          client.release();
          await store.log.append(address, note("b"));
          await expectClean(pool);
          // What was acknowledged is there for everybody, not only within a transaction that nobody commits.
          await withStore({}, async (other) => expect(await notesOf(other, address)).toEqual(["a", "b"]));
        });
      },
    );
  },
);
