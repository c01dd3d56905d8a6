import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { MemoryError, type Store } from "@relevo/core";
import { requireService } from "@relevo/test-services";
import { Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPostgresStore, openEmbedded, type PostgresStore, vacuumPostgres } from "../src/index.ts";
import { openPrivateDatabase } from "./server.ts";

const secret = "xyzzy-4711";
const tenant = "acme";

/**
 * Content in every place that a caller can write to, often enough to be a common value and a bound of histograms. Not in
 * what names a unit, the ids and the first two elements of a namespace: the change feed reports those that have ended.
 */
async function fill(store: Store, session: string): Promise<void> {
  const address = { tenant, session };
  const content = `${secret} in ${session}`;
  await store.log.append(
    address,
    [
      ...Array.from({ length: 40 }, (_, n) => ({
        type: "message" as const,
        agent: secret,
        body: { role: "user" as const, content: n % 2 === 0 ? secret : `${content} ${n}` },
      })),
      {
        type: "execution",
        agent: secret,
        body: { executionId: secret, status: "completed", durationMs: 47_110_815 },
      },
    ],
    {
      init: { subject: secret, metadata: { secret } },
      operation: { id: `${secret} ${session}`, fingerprint: secret },
    },
  );
  for (const scope of [{ tenant }, address]) {
    await store.documents.putMany(
      Array.from({ length: 40 }, (_, n) => ({
        address: {
          ...scope,
          namespace: ["notes", session, secret],
          key: n % 2 === 0 ? `${secret}${n}` : `${n}`,
        },
        value: { secret: content },
        metadata: { secret },
        tags: [secret, `${secret} ${n}`],
      })),
    );
  }
}

async function eraseAll(store: Store, sessions: readonly string[]): Promise<void> {
  for (const session of sessions) {
    await store.log.erase({ tenant, session }, { seqs: [{ from: 1, to: 100 }] });
    for (const scope of [{ tenant }, { tenant, session }]) {
      const namespace = ["notes", session, secret];
      const { items } = await store.documents.find(scope, { namespace });
      await store.documents.deleteMany(items.map(({ key }) => ({ address: { ...scope, namespace, key } })));
    }
    await store.log.delete({ tenant, session });
  }
}

/** The files of a folder in which the bytes stand. */
async function filesWith(folder: string, bytes: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    if (entry.isFile() && (await readFile(file)).includes(bytes)) found.push(file);
  }
  return found;
}

describe.skipIf(!requireService("private-postgres", { for: "what erased content leaves in a server" }))(
  "what erased content leaves",
  () => {
    let database: Awaited<ReturnType<typeof openPrivateDatabase>>;
    let owner: pg.Pool;
    let app: pg.Pool;
    let store: PostgresStore;
    const sessions = ["s-1", "s-2", "s-3"];

    beforeAll(async () => {
      // Autovacuum would do by chance what these tests look at.
      database = await openPrivateDatabase({ settings: { autovacuum: false } });
      owner = new pg.Pool({ connectionString: database.ownerUrl, max: 2 });
      app = new pg.Pool({ connectionString: database.url, max: 2 });
      store = createPostgresStore({ pool: app });
      for (const session of sessions) await fill(store, session);
    });
    afterAll(async () => {
      await Promise.all([owner?.end(), app?.end()]);
      await database?.[Symbol.asyncDispose]();
    });

    it("analyze copies no content into statistics, which an erasure does not reach", async () => {
      await owner.query("analyze");
      const { rows } = await owner.query<{ tablename: string; attname: string; values: string }>(
        `select tablename, attname, concat(most_common_vals, histogram_bounds, most_common_elems) as values
         from pg_stats where schemaname = 'relevo'`,
      );
      expect(rows.length).toBeGreaterThan(20);
      const hex = Buffer.from(secret).toString("hex");
      const leaks = rows.filter(({ values }) =>
        [secret, hex, "47110815", "4.7110815e+07"].some((one) => values.includes(one)),
      );
      expect(leaks).toEqual([]);
      // Ids of tenants and sessions are in them: the planner needs those, and the README says so.
      expect(rows.some(({ values }) => values.includes("s-1"))).toBe(true);
    });

    it("vacuum is for the owner of the tables, and says so", async () => {
      const attempts = [
        [
          () => vacuumPostgres({ pool: app }),
          "denied",
          /relevo_test_app.*may not vacuum.*events.*owns the schema/u,
        ],
        [() => vacuumPostgres({ pool: owner, schema: "nowhere" }), "unsupported", /nowhere/u],
        [() => vacuumPostgres({ pool: owner, signal: AbortSignal.abort() }), "aborted", /abort/u],
        [() => vacuumPostgres({ pool: owner, schema: "" }), "invalid-input", /schema/u],
      ] as const;
      for (const [attempt, code, message] of attempts) {
        const error = await attempt().then(
          () => undefined,
          (reason: unknown) => reason,
        );
        expect(MemoryError.isInstance(error) && [error.code, error.message]).toEqual([
          code,
          expect.stringMatching(message),
        ]);
      }
    });

    it("is in dead rows until vacuum, which waits for who may still see them, and not in files after a full one", async () => {
      const [{ folder }] = (
        await owner.query<{ folder: string }>(
          `select current_setting('data_directory') || '/base/' || oid as folder from pg_database
         where datname = current_database()`,
        )
      ).rows as [{ folder: string }];
      const reader = await owner.connect();
      await reader.query("begin isolation level repeatable read; select 1");
      await eraseAll(store, sessions);
      await store.maintenance.expire();

      // No read, no row that anybody sees.
      for (const session of sessions) {
        expect(await store.log.head({ tenant, session })).toBeUndefined();
        expect((await store.documents.find({ tenant, session })).items).toEqual([]);
      }
      for (const table of ["events", "documents", "document_tags"]) {
        expect((await owner.query(`select from relevo.${table}`)).rowCount).toBe(0);
      }
      await owner.query("checkpoint");
      expect(await filesWith(folder, secret)).not.toEqual([]);

      const held = await vacuumPostgres({ pool: owner, full: true });
      expect(held.incomplete).toEqual(expect.arrayContaining(["documents", "events"]));
      await reader.query("commit");
      reader.release();
      const kysely = new Kysely<unknown>({ dialect: new PostgresDialect({ pool: owner }) });
      expect(await vacuumPostgres({ kysely })).toEqual({ incomplete: [] });

      // The operations of an ended session are known for a day, so that a late retry cannot bring it back.
      await owner.query("delete from relevo.operations");
      await vacuumPostgres({ pool: owner, full: true });
      await owner.query("checkpoint");
      expect(await filesWith(folder, secret)).toEqual([]);
    });
  },
);

describe("embedded", () => {
  it("a full vacuum leaves no erased content in the tables' files", async () => {
    const { mkdtemp, rm } = await import("node:fs/promises");
    const { tmpdir } = await import("node:os");
    const folder = await mkdtemp(join(tmpdir(), "relevo-vacuum-"));
    try {
      {
        await using store = await openEmbedded(folder);
        await fill(store, "s-1");
        await eraseAll(store, ["s-1"]);
        await store.pglite.query("delete from relevo.operations");
        expect(await vacuumPostgres({ pglite: store.pglite, full: true })).toEqual({ incomplete: [] });
      }
      expect(await filesWith(join(folder, "postgres", "base"), secret)).toEqual([]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
