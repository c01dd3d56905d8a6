import type { Store } from "@relevo/core";
import { requireService } from "@relevo/test-services";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPostgresStore } from "../src/index.ts";
import { openTestDatabase, type TestDatabase } from "./server.ts";
import { until } from "./until.ts";

const note = { type: "x-note", body: 1 } as const;
const tenant = "acme";
const nowMs = "floor(extract(epoch from clock_timestamp()) * 1000)::float8";

/** A store of another process, of which all calls are one transaction. */
async function openWriter(url: string): Promise<AsyncDisposable & { client: pg.Client; store: Store }> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  // Without the status of its transaction, for which the store would refuse it.
  const inside = {
    query: client.query.bind(client) as (query: object) => Promise<pg.QueryResult>,
    on: client.on.bind(client),
    removeListener: client.removeListener.bind(client),
    release: () => undefined,
  };
  const pool = {
    connect: (callback: (error: undefined, given: typeof inside) => void) => callback(undefined, inside),
    on: () => undefined,
    listenerCount: () => 1,
  };
  const store = createPostgresStore({ pool });
  return { client, store, [Symbol.asyncDispose]: () => client.end() };
}

describe.skipIf(!requireService("postgres", { for: "appends that wait for another writer" }))(
  "an append that waited for the writer of another process",
  () => {
    let database: TestDatabase;
    let pool: pg.Pool;
    let owner: pg.Pool;
    let store: Store;
    beforeAll(async () => {
      database = await openTestDatabase();
      pool = new pg.Pool({ connectionString: database.url, max: 2 });
      owner = new pg.Pool({ connectionString: database.ownerUrl, max: 1 });
      store = createPostgresStore({ pool });
    });
    afterAll(async () => {
      await Promise.all([pool?.end(), owner?.end()]);
      await database?.[Symbol.asyncDispose]();
    });

    /** The append begins first, and finds the session locked; what the other writer does then is committed before it goes on. */
    async function meet<Result>(
      session: string,
      append: () => Promise<Result>,
      meanwhile: (writer: Awaited<ReturnType<typeof openWriter>>) => Promise<void>,
    ): Promise<PromiseSettledResult<Result>> {
      await store.log.append({ tenant, session }, [note]);
      await using writer = await openWriter(database.url);
      await writer.store.log.head({ tenant, session });
      await writer.client.query("begin");
      await writer.client.query("select set_config('relevo.tenant', $1, true)", [tenant]);
      await writer.client.query("select from relevo.sessions where session = $1 for update", [session]);
      const [outcome] = await Promise.all([
        Promise.allSettled([append()]),
        (async () => {
          await until(async () => {
            const { rowCount } = await owner.query(
              "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
            );
            return rowCount === 1;
          });
          await meanwhile(writer);
          await writer.client.query("commit");
        })(),
      ]);
      return outcome[0];
    }

    it("is not recorded before what that one appended", async () => {
      const address = { tenant, session: "clock" };
      let before = 0;
      const outcome = await meet(
        address.session,
        () => store.log.append(address, [note]),
        async (writer) => {
          // The waiting append has read the clock. It has to move on before the other one reads it.
          const clock = async () =>
            (await owner.query<{ now: number }>(`select ${nowMs} as now`)).rows[0]?.now;
          const read = (await clock()) ?? 0;
          await until(async () => ((await clock()) ?? 0) > read);
          before = (await writer.store.log.append(address, [note])).recordedAt ?? 0;
          expect(before).toBeGreaterThan(read);
        },
      );
      expect(outcome).toMatchObject({ status: "fulfilled", value: { firstSeq: 3 } });
      const { events } = (await store.log.read(address)) ?? { events: [] };
      const times = events.map(({ recordedAt }) => recordedAt);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      expect(times[1]).toBe(before);
    });

    it("finds that its operation was applied to an incarnation that has ended meanwhile", async () => {
      const address = { tenant, session: "operation" };
      const operation = { id: "op-1", fingerprint: "f" };
      const outcome = await meet(
        address.session,
        () => store.log.append(address, [note], { operation }),
        async ({ client, store: other }) => {
          await other.log.append(address, [note], { operation });
          await client.query(
            `select relevo.end_session(p_tenant => $1, p_session => $2, p_lock_ms => '0', p_incarnation => null,
              p_expected => null, p_idle_since => null)`,
            [tenant, address.session],
          );
          await other.log.append(address, [note]);
          // In the millisecond in which the waiting append has read the clock, or before it: the clock was set.
          await client.query(
            "update relevo.sessions set updated_at = updated_at - 60000 where session = $1",
            [address.session],
          );
        },
      );
      expect(outcome).toMatchObject({ status: "rejected", reason: { code: "history-lost" } });
      expect((await store.log.head(address))?.version).toBe(1);
    });
  },
);
