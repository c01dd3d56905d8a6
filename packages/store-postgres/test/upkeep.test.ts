import type { PGlite } from "@electric-sql/pglite";
import { MemoryError } from "@relevo/core";
import { type PostgresServer, requireService, startPrivatePostgres } from "@relevo/test-services";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPostgresStore, migratePostgres, type PostgresStore } from "../src/index.ts";
import { timeoutMs } from "./harness.ts";
import { openPglite } from "./pglite.ts";
import { until } from "./until.ts";

const note = { type: "x-note", body: 1 } as const;
const day = 24 * 3600 * 1000;

describe("upkeep on PGlite", () => {
  let pglite: PGlite;
  let store: PostgresStore;

  beforeAll(async () => {
    pglite = await openPglite();
    await migratePostgres({ pglite });
    store = createPostgresStore({ pglite, timeoutMs });
  });
  afterAll(() => pglite.close());

  /** Rows as the owner of the database sees them, whom no policy binds. */
  async function count(table: string, tenant: string): Promise<number> {
    const { rows } = await pglite.query<{ n: number }>(
      `select count(*)::integer as n from relevo.${table} where tenant = $1`,
      [tenant],
    );
    return rows[0]?.n ?? -1;
  }

  async function expireAll(): Promise<{ sessions: number; documents: number }> {
    const sum = { sessions: 0, documents: 0 };
    for (let turn = 0; turn < 1000; turn++) {
      const { sessions, documents, more } = await store.maintenance.expire({ limit: 100 });
      sum.sessions += sessions;
      sum.documents += documents;
      if (!more) return sum;
    }
    throw new Error("expire does not come to an end");
  }

  it("a delete leaves no row of content behind, but what makes a late retry safe for a day", async () => {
    const address = { tenant: "deleted", session: "s" };
    const operation = { id: "o", fingerprint: "f" };
    await store.log.append(address, Array(1000).fill(note), { operation });
    for (let turn = 0; turn < 4; turn++) await store.log.append(address, Array(1000).fill(note));
    await store.documents.put({ ...address, namespace: ["n"], key: "k" }, { value: 1, tags: ["t"] });
    await store.log.delete(address);
    for (const table of ["events", "documents", "document_tags"])
      expect(await count(table, "deleted")).toBe(0);
    expect(await count("operations", "deleted")).toBe(1);
    const retry = (): Promise<unknown> => store.log.append(address, [note], { operation });
    await expect(retry()).rejects.toMatchObject({ code: "history-lost" });

    // A day and an hour later.
    await pglite.query("update relevo.endings set ended_at = ended_at - $1 where tenant = 'deleted'", [
      day + 3_600_001,
    ]);
    await expireAll();
    for (const table of ["operations", "endings"]) expect(await count(table, "deleted")).toBe(0);
    expect(await retry()).toMatchObject({ version: 1, replayed: false });
  });

  it("what a delete could not remove, because its process died, is removed later", async () => {
    const address = { tenant: "interrupted", session: "s" };
    for (let turn = 0; turn < 3; turn++) await store.log.append(address, Array(900).fill(note));
    await store.documents.put({ ...address, namespace: ["n"], key: "k" }, { value: 1 });
    // The first step of a delete, without those that follow.
    await pglite.query(`select relevo.end_session('interrupted', 's', '1000', null, null, null)`);
    expect(await count("events", "interrupted")).toBe(2700);
    expect((await store.log.read(address)).events).toEqual([]);
    expect((await store.log.scan("interrupted")).items).toEqual([]);
    expect((await store.maintenance.tenants()).items).not.toContain("interrupted");
    await expireAll();
    expect(await count("events", "interrupted")).toBe(0);
    expect(await count("documents", "interrupted")).toBe(0);
  });

  it("an expired session is ended once its time is over, and one that was lengthened stays", async () => {
    const short = { tenant: "expiring", session: "short" };
    const lengthened = { tenant: "expiring", session: "lengthened" };
    await store.log.append(short, [note], { ttlMs: 1 });
    await store.log.append(lengthened, [note], { ttlMs: 600_000 });
    // As if the due time had come from an earlier, shorter life.
    await pglite.query("update relevo.sessions set expiry_due = 1 where session = 'lengthened'");
    await until(async () => (await store.log.head(short)) === undefined);
    expect(await expireAll()).toEqual({ sessions: 1, documents: 0 });
    expect(await store.log.head(short)).toBeUndefined();
    expect((await store.log.head(lengthened))?.version).toBe(1);
    const { rows } = await pglite.query(
      "select expiry_due = expires_at as moved from relevo.sessions where session = 'lengthened'",
    );
    expect(rows).toEqual([{ moved: true }]);
  });

  it("slots without a session go after seven days, which the change feed reaches back, and fences still grow", async () => {
    const address = { tenant: "slots", session: "s" };
    const lease = await store.leases.acquire(address, { ttlMs: 1000 });
    await lease.release();
    await expireAll();
    expect(await count("sessions", "slots")).toBe(1);
    const back = 7 * day * 1000 + 1_000;
    await pglite.query(
      "update relevo.sessions set fence = fence - $1, generation = generation - $1 where tenant = 'slots'",
      [back],
    );
    await expireAll();
    expect(await count("sessions", "slots")).toBe(0);
    expect((await store.leases.acquire(address, { ttlMs: 1000 })).fence).toBeGreaterThan(lease.fence);
  });

  it("what a document is derived from is forgotten with the document, however it goes", async () => {
    const tenant = "sources";
    const at = (key: string) => ({ namespace: ["n"], key });
    const { version } = await store.documents.put({ tenant, ...at("source") }, { value: 1 });
    const derivedFrom = { documents: [{ ...at("source"), version }] };
    const derive = (key: string, more: { readonly session?: string; readonly ttlMs?: number } = {}) => {
      const { ttlMs, ...scope } = more;
      return store.documents.put(
        { tenant, ...scope, ...at(key) },
        { value: 1, derivedFrom, ...(ttlMs === undefined ? {} : { ttlMs }) },
      );
    };
    await derive("replaced");
    await derive("deleted");
    await derive("kept");
    await derive("expired", { ttlMs: 100_000 });
    await derive("ended", { session: "s" });
    expect(await count("document_sources", tenant)).toBe(5);
    await store.documents.put({ tenant, ...at("replaced") }, { value: 2 });
    await store.documents.delete({ tenant, ...at("deleted") });
    await store.log.delete({ tenant, session: "s" });
    await pglite.query("update relevo.documents set expires_at = 1 where tenant = $1 and key = 'expired'", [
      tenant,
    ]);
    await expireAll();
    expect(await count("document_sources", tenant)).toBe(1);
    await store.documents.delete({ tenant, ...at("source") });
    expect(await count("document_sources", tenant)).toBe(0);
    const { items } = await store.documents.find({ tenant });
    expect(items.map(({ key }) => key)).toEqual(["replaced"]);
  });

  it("operations of documents go after a day, those of a session with its ending", async () => {
    const tenant = "document-operations";
    const put = (scope: { readonly tenant: string; readonly session?: string }, id: string) =>
      store.documents.put(
        { ...scope, namespace: ["n"], key: "k" },
        { value: 1 },
        { operation: { id, fingerprint: "f" } },
      );
    const { version } = await put({ tenant }, "o");
    await put({ tenant, session: "s" }, "o");
    expect((await put({ tenant }, "o")).version).toBe(version);
    await store.log.delete({ tenant, session: "s" });
    await expireAll();
    expect(await count("document_operations", tenant)).toBe(2);
    const ms = day + 3_600_001;
    await pglite.exec(`
      update relevo.endings set ended_at = ended_at - ${ms} where tenant = '${tenant}';
      update relevo.document_operations set recorded_at = recorded_at - ${ms} where tenant = '${tenant}'`);
    await expireAll();
    expect(await count("document_operations", tenant)).toBe(0);
    expect((await put({ tenant }, "o")).version).toBeGreaterThan(version);
  });

  it("versions of a session's documents go with its slot, once no new one could be as small", async () => {
    const tenant = "versions";
    const put = async (session: string): Promise<number> =>
      (await store.documents.put({ tenant, session, namespace: ["n"], key: "k" }, { value: 1 })).version;
    const before = { gone: await put("gone"), ahead: await put("ahead"), living: await put("living") };
    for (const session of ["gone", "ahead"]) await store.log.delete({ tenant, session });
    await expireAll();
    expect(await count("sessions", tenant)).toBe(3);

    // Seven days later; the clock of one had been ahead.
    const ms = 7 * day + 1;
    await pglite.exec(`
      update relevo.endings set ended_at = ended_at - ${ms} where tenant = '${tenant}';
      update relevo.sessions set generation = generation - ${ms * 1000}
        where tenant = '${tenant}' and incarnation is null;
      update relevo.sessions set document_version = document_version - ${ms * 1000}
        where tenant = '${tenant}' and session <> 'ahead'`);
    await expireAll();
    const { rows } = await pglite.query(
      `select session from relevo.sessions where tenant = '${tenant}' order by session`,
    );
    expect(rows).toEqual([{ session: "ahead" }, { session: "living" }]);
    expect(await put("gone")).toBeGreaterThan(before.gone);
    expect(await put("ahead")).toBeGreaterThan(before.ahead);
    expect(await put("living")).toBeGreaterThan(before.living - ms * 1000);
  });

  it("says that there is more while anything of what has ended is left", async () => {
    await pglite.exec(`
      insert into relevo.tenants values ('left endings'), ('left slots');
      insert into relevo.endings (tenant, session, generation, incarnation, ended_at, purged)
      select 'left endings', 's' || i, 0, 'i' || i, 1, i % 2 = 0 from generate_series(1, 90) as i;
      insert into relevo.sessions (tenant, session, generation)
      select 'left slots', 's' || i, 1 from generate_series(1, 1100) as i`);
    await expireAll();
    expect(await count("endings", "left endings")).toBe(0);
    expect(await count("sessions", "left slots")).toBe(0);
  });

  it("a slot without a session waits from the end of its session, however long that had been", async () => {
    const address = { tenant: "long lived", session: "s" };
    await store.log.append(address, [note]);
    await pglite.query("update relevo.sessions set generation = 1 where tenant = 'long lived'");
    await pglite.query("update relevo.events set generation = 1 where tenant = 'long lived'");
    const { updatedAt = 0 } = (await store.log.head(address)) ?? {};
    await store.log.delete(address);
    // By this time upkeep finds it, without looking at those that wait.
    const { rows } = await pglite.query(
      "select generation >= $1 as ended from relevo.sessions where tenant = 'long lived'",
      [updatedAt * 1000],
    );
    expect(rows).toEqual([{ ended: true }]);
    expect(await count("events", "long lived")).toBe(0);
  });

  it("goes through many tenants in bounded steps, and each call goes on where the last one stopped", async () => {
    for (let index = 0; index < 30; index++) {
      await store.log.append({ tenant: `many ${index}`, session: "s" }, [note], { ttlMs: 1 });
    }
    await until(async () => (await store.log.head({ tenant: "many 29", session: "s" })) === undefined);
    let sessions = 0;
    let calls = 0;
    for (let more = true; more; calls++) {
      const result = await store.maintenance.expire({ limit: 4 });
      expect(result.sessions + result.documents).toBeLessThanOrEqual(4);
      sessions += result.sessions;
      ({ more } = result);
      if (calls > 100) throw new Error("expire does not come to an end");
    }
    expect(sessions).toBe(30);
    const { items } = await store.maintenance.tenants({ limit: 1000 });
    expect(items.filter((tenant) => tenant.startsWith("many"))).toEqual([]);
  });

  it("deletes idle sessions of one tenant or of all, at most as many as asked, and none that was written to", async () => {
    for (const tenant of ["idle a", "idle b"]) {
      for (let index = 0; index < 5; index++)
        await store.log.append({ tenant, session: `s${index}` }, [note]);
    }
    const idleSince = Math.max(...(await store.log.list("idle b")).items.map(({ updatedAt }) => updatedAt));
    await until(() => Date.now() > idleSince);
    await store.log.append({ tenant: "idle a", session: "s3" }, [note]);
    const { deleteIdleSessions } = store.maintenance;
    // Between the look and the end of one that seemed idle.
    const { rows } = await pglite.query(
      "select r_status from relevo.end_session('idle a', 's3', '1000', null, null, $1)",
      [idleSince],
    );
    expect(rows).toEqual([{ r_status: "missing" }]);
    expect(await deleteIdleSessions({ tenant: "idle a", idleSince: 1 })).toEqual({ deleted: 0, more: false });
    expect(await deleteIdleSessions({ tenant: "idle a", idleSince, limit: 2 })).toEqual({
      deleted: 2,
      more: true,
    });
    expect(await deleteIdleSessions({ tenant: "idle a", idleSince })).toEqual({ deleted: 2, more: false });
    expect((await store.log.list("idle a")).items.map(({ session }) => session)).toEqual(["s3"]);
    expect((await store.log.list("idle b")).items).toHaveLength(5);
    expect((await deleteIdleSessions({ idleSince })).deleted).toBeGreaterThanOrEqual(5);
    expect((await store.log.list("idle b")).items).toEqual([]);
    await expect(deleteIdleSessions({} as { idleSince: number })).rejects.toMatchObject({
      code: "invalid-input",
    });
  });

  it("counts what a tenant holds, of what lives", async () => {
    const tenant = "counted";
    await store.log.append({ tenant, session: "a" }, [note, note]);
    await store.log.append({ tenant, session: "b" }, [note]);
    await store.log.append({ tenant, session: "gone" }, [note], { ttlMs: 1 });
    await store.documents.put({ tenant, namespace: ["n"], key: "k" }, { value: 1 });
    await store.documents.put({ tenant, session: "a", namespace: ["n"], key: "k" }, { value: 1 });
    await until(async () => (await store.log.head({ tenant, session: "gone" })) === undefined);
    const heads = (await store.log.list(tenant)).items;
    expect(await store.maintenance.tenantStatistics(tenant)).toEqual({
      sessions: 2,
      events: 3,
      eventBytes: heads.reduce((sum, { bytes }) => sum + bytes, 0),
      documents: 2,
    });
    expect(await store.maintenance.tenantStatistics("nobody")).toEqual({
      sessions: 0,
      events: 0,
      eventBytes: 0,
      documents: 0,
    });
    const tables = await store.maintenance.tableStatistics();
    const events = tables.find(({ table }) => table === "events");
    expect(events?.bytes).toBeGreaterThan(8192);
    expect(tables.map(({ table }) => table)).toEqual(
      expect.arrayContaining(["sessions", "documents", "endings"]),
    );
  });

  it("says that nothing survives in memory", async () => {
    expect((await store.maintenance.durability()).survives).toBe("nothing");
  });

  it("ends with the store", async () => {
    const closed = createPostgresStore({ pglite, timeoutMs });
    await closed.close();
    for (const call of [
      closed.maintenance.deleteIdleSessions({ idleSince: 1 }),
      closed.maintenance.tenantStatistics("acme"),
      closed.maintenance.tableStatistics(),
    ]) {
      await expect(call).rejects.toSatisfy((error) => MemoryError.isInstance(error, "closed"));
    }
  });
});

describe.skipIf(!requireService("private-postgres", { for: "what the server's settings promise" }))(
  "durability on a server",
  () => {
    let server: PostgresServer;
    let pool: pg.Pool;
    beforeAll(async () => {
      server = await startPrivatePostgres({ durable: true });
      pool = new pg.Pool({ connectionString: server.url, max: 1 });
      pool.on("error", () => undefined);
      await migratePostgres({ pool });
    });
    afterAll(async () => {
      await pool?.end();
      await server?.stop();
    });

    it.each([
      ["", "machine-crash", /fsync=on and synchronous_commit=on/u],
      ["set synchronous_commit = off", "all-but-seconds", /synchronous_commit=off/u],
      ["set synchronous_commit = local", "machine-crash", /synchronous_commit=local/u],
    ])("is read from the settings: %s", async (setting, survives, detail) => {
      if (setting !== "") await pool.query(setting);
      const store = createPostgresStore({ pool, rowLevelSecurity: "bypassed-on-purpose" });
      const durability = await store.maintenance.durability();
      expect(durability.survives).toBe(survives);
      expect(durability.detail).toMatch(detail);
    });
  },
);
