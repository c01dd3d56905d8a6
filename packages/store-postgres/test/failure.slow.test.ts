import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { MemoryError } from "@relevo/core";
import { retryChannel } from "@relevo/core/input";
import { startFaultProxy } from "@relevo/fault-proxy";
import { type PostgresServer, requireService } from "@relevo/test-services";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPostgresStore } from "../src/index.ts";
import { failureOf, hangMs, holdSession, note, notesOf, once, openStore, until } from "./failure-support.ts";
import { openPrivateDatabase, type TestDatabase } from "./server.ts";

/** A server looks for a deadlock once in a wait, after this long: by then the other side has to wait too. */
const deadlockTimeout = "4s";

describe.skipIf(!requireService("private-postgres", { for: "what fails around the store on PostgreSQL" }))(
  "failures",
  () => {
    let database: TestDatabase & { readonly server: PostgresServer };
    let count = 0;

    beforeAll(async () => {
      database = await openPrivateDatabase({ settings: { deadlock_timeout: deadlockTimeout } });
    });
    afterAll(async () => {
      await database?.[Symbol.asyncDispose]();
    });

    const newAddress = () => ({ tenant: "acme", session: `s-${++count}` });
    const open = (...rest: Parameters<typeof openStore> extends [string, ...infer Rest] ? Rest : never) =>
      openStore(database.url, ...rest);
    const hold = (address: { readonly tenant: string; readonly session: string }) =>
      holdSession(database.ownerUrl, address);
    const ask = (sql: string) => database.server.query(sql, database.ownerUrl);

    /** Backends of the application that work or wait. */
    async function busy(condition: string = "state = 'active'"): Promise<number> {
      const rows = await ask(
        `select pid from pg_stat_activity where usename = 'relevo_test_app' and ${condition}`,
      );
      return rows.length;
    }
    const someoneWaits = () => until("a wait for the lock", async () => (await busy(waiting)) > 0);
    const waiting = "state = 'active' and wait_event_type = 'Lock'";

    describe("connections", () => {
      it("an exhausted pool is a timeout with nothing applied", async () => {
        await using opened = await open({ max: 1 });
        const { store, hasty, pool } = opened;
        const address = newAddress();
        const client = await pool.connect();
        const failures = await Promise.all([
          failureOf(hasty.log.append(address, note("a"))),
          failureOf(hasty.log.append(newAddress(), note("b"), once("b"))),
          failureOf(hasty.log.head(address)),
        ]);
        for (const { code, outcome, elapsedMs } of failures) {
          expect({ code, outcome }).toEqual({ code: "timeout", outcome: "not-applied" });
          expect(elapsedMs).toBeLessThan(hangMs);
        }
        client.release();
        await store.log.append(address, note("c"));
        expect(await notesOf(store, address)).toEqual(["c"]);
        // Whoever came too late has given its connection back.
        expect(pool.waitingCount).toBe(0);
      });

      it("a server without a connection left refuses, and nothing is applied", async () => {
        await using opened = await open({ idleTimeoutMillis: 1 });
        const { store, pool } = opened;
        const address = newAddress();
        await until("the pool to be empty", () => pool.totalCount === 0);
        await ask("alter role relevo_test_app connection limit 0");
        try {
          const { code, outcome } = await failureOf(store.log.append(address, note("a")));
          expect({ code, outcome }).toEqual({ code: "unavailable", outcome: "not-applied" });
        } finally {
          await ask("alter role relevo_test_app connection limit -1");
        }
        await store.log.append(address, note("b"));
        expect(await notesOf(store, address)).toEqual(["b"]);
      });

      it("the end of idle connections is told to onError, and the next call works", async () => {
        await using opened = await open();
        const { store, pool, errors } = opened;
        await Promise.all(Array.from({ length: 4 }, () => store.log.head(newAddress())));
        expect(pool.idleCount).toBeGreaterThan(0);
        const idle = pool.idleCount;
        await ask("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'relevo_test_app'");
        await until("the errors of the idle connections", () => errors.length >= idle);
        const address = newAddress();
        await store.log.append(address, note("a"));
        expect(await notesOf(store, address)).toEqual(["a"]);
      });

      it("a terminated backend is unknown for what may not be repeated", async () => {
        await using opened = await open();
        const { store } = opened;
        const address = newAddress();
        await store.log.append(address, note("a"));
        await using held = await hold(address);
        const call = failureOf(store.log.append(address, note("b")));
        await someoneWaits();
        await ask(
          `select pg_terminate_backend(pid) from pg_stat_activity where usename = 'relevo_test_app' and ${waiting}`,
        );
        expect(await call).toMatchObject({ code: "unavailable", outcome: "unknown" });
        await held.release();
        await store.log.append(address, note("c"));
        expect(await notesOf(store, address)).toEqual(["a", "c"]);
      });

      it("a terminated backend is not felt by an append with an operation", async () => {
        await using opened = await open();
        const { store } = opened;
        const address = newAddress();
        await store.log.append(address, note("a"));
        await using held = await hold(address);
        const call = store.log.append(address, note("b"), once("b"));
        await someoneWaits();
        await ask(
          `select pg_terminate_backend(pid) from pg_stat_activity where usename = 'relevo_test_app' and ${waiting}`,
        );
        await held.release();
        expect(await call).toMatchObject({ version: 2, replayed: false });
        expect(await notesOf(store, address)).toEqual(["a", "b"]);
      });

      it("what may have been applied stays unknown when the attempts after it are refused", async () => {
        const { host, port } = database.server;
        await using proxy = await startFaultProxy({ target: { host, port } });
        await using opened = await openStore(proxy.url(database.url), { max: 1 });
        await using direct = await open();
        const address = newAddress();
        await direct.store.log.append(address, note("a"));
        await opened.store.log.append(address, note("b"), once("b"));
        // The server stores it, its answer is lost, and nobody is let in again.
        const cut = proxy.cutAfter({ direction: "response", bytes: 0 });
        proxy.refuse();
        const published: unknown[] = [];
        const noted = (notice: unknown): void => void published.push(notice);
        subscribe(retryChannel, noted);
        const failure = await failureOf(opened.store.log.append(address, note("c"), once("c")));
        unsubscribe(retryChannel, noted);
        await cut;
        expect(await notesOf(direct.store, address)).toEqual(["a", "b", "c"]);
        expect(failure).toMatchObject({ code: "unavailable", outcome: "unknown" });
        // So that nobody retries on top of it.
        expect(failure.details.attempts).toBeGreaterThan(1);
        expect(published).toHaveLength(Number(failure.details.attempts) - 1);
        expect(published[0]).toEqual({ name: "postgres", attempt: 1, code: "unavailable" });
        await proxy.accept();
        expect(await opened.store.log.append(address, note("c"), once("c"))).toMatchObject({
          replayed: true,
          version: 3,
        });
      });
    });

    describe("locks", () => {
      it("a lock that another connection holds ends a call by its deadline, and the outcome is true", async () => {
        const outcomes: (string | undefined)[] = [];
        // The server gives up a tenth of it earlier. That answer may come too late on a busy machine, with less to spare.
        for (const timeoutMs of [5000, 15_000, 45_000]) {
          await using opened = await open({}, { timeoutMs });
          const { store, hasty } = opened;
          const address = newAddress();
          await store.log.append(address, note("first"));
          await using held = await hold(address);
          const document = { ...address, namespace: ["n"], key: "k" };
          const [appended, put, leased] = await Promise.all([
            failureOf(hasty.log.append(address, note("a"))),
            failureOf(hasty.documents.put(document, { value: 1 })),
            failureOf(hasty.leases.acquire(address, { ttlMs: 1000 })),
          ]);
          for (const { code, elapsedMs } of [appended, put, leased]) {
            expect(code).toBe("timeout");
            expect(elapsedMs).toBeLessThan(timeoutMs + hangMs);
          }
          await held.release();
          await until("the backends to end", async () => (await busy()) === 0);
          expect(await notesOf(store, address)).toEqual(["first"]);
          if (put.outcome === "not-applied") expect(await store.documents.get(document)).toBeUndefined();
          await store.log.append(address, note("b"));
          expect(await notesOf(store, address)).toEqual(["first", "b"]);
          outcomes.push(appended.outcome);
          if (appended.outcome === "not-applied") break;
        }
        // The server gave up before the caller did, so it is known that nothing happened.
        expect(outcomes.at(-1)).toBe("not-applied");
      });

      it("the server stops what nobody waits for any more", async () => {
        await using opened = await open();
        const { store, hasty } = opened;
        const address = newAddress();
        await store.log.append(address, note("first"));
        const owner = new pg.Client({ connectionString: database.ownerUrl });
        await owner.connect();
        try {
          await owner.query("begin; lock table relevo.events, relevo.documents in access exclusive mode");
          const calls = [
            hasty.log.read(address),
            hasty.log.append(address, note("second"), once("second")),
            hasty.documents.find({ tenant: address.tenant }, {}),
          ];
          for (const { code } of await Promise.all(calls.map(failureOf))) expect(code).toBe("timeout");
          // The lock is still held: nothing but the server's own look can have ended them.
          await until("the backends to end", async () => (await busy()) === 0);
        } finally {
          await owner.query("rollback");
          await owner.end();
        }
        expect(await notesOf(store, address)).toEqual(["first"]);
      });

      it("writers behind a slow one in the same process end by their own deadline", async () => {
        // Long enough that a late machine does not pass for one wait of 0.9 after another.
        const ownMs = 10_000;
        await using opened = await open({}, { timeoutMs: ownMs });
        const { store, hasty } = opened;
        const address = newAddress();
        await store.log.append(address, note("first"));
        await using held = await hold(address);
        const names = ["0", "1", "2", "3", "4"];
        const failures = await Promise.all(
          names.map(async (name) => ({
            name,
            ...(await failureOf(hasty.log.append(address, note(name), once(name)))),
          })),
        );
        for (const { code, elapsedMs } of failures) {
          expect(code).toBe("timeout");
          expect(elapsedMs).toBeLessThan(ownMs * 1.7);
        }
        await held.release();
        await until("the backends to end", async () => (await busy()) === 0);
        const stored = await notesOf(store, address);
        for (const { name, outcome } of failures) {
          if (outcome === "not-applied") expect(stored).not.toContain(name);
        }
        // Each is told the truth once more, and stored once.
        for (const name of names) await store.log.append(address, note(name), once(name));
        expect((await notesOf(store, address)).toSorted()).toEqual([...names, "first"]);
      });
    });

    describe("collisions", () => {
      it("the victim of a deadlock tries again", async () => {
        await using opened = await open();
        const { store } = opened;
        const address = newAddress();
        const document = { ...address, namespace: ["n"], key: "k" };
        await store.documents.put(document, { value: 1 });
        const outsider = new pg.Client({ connectionString: database.ownerUrl });
        await outsider.connect();
        try {
          // Patient, so that it is never the victim.
          await outsider.query("set deadlock_timeout = '60s'");
          await outsider.query("begin");
          const place = "where tenant = $1 and session = $2";
          const values = [address.tenant, address.session];
          await outsider.query(`select from relevo.documents ${place} for update`, values);
          const putting = store.documents.put(document, { value: 2 });
          await someoneWaits();
          const { rowCount } = await outsider.query(
            `select from relevo.sessions ${place} for update`,
            values,
          );
          expect(rowCount).toBe(1);
          await outsider.query("commit");
          expect(await putting).toMatchObject({ value: 2 });
        } finally {
          await outsider.end();
        }
        expect(await database.server.readLog()).toContain("deadlock detected");
      });

      it("two that create one session at once both append to it", async () => {
        await using one = await open();
        await using other = await open();
        for (let round = 0; round < 50; round++) {
          const address = newAddress();
          const results = await Promise.all(
            [one, other].map(({ store }) => store.log.append(address, note("a"))),
          );
          expect(results.map(({ version }) => version).toSorted()).toEqual([1, 2]);
          expect(new Set(results.map(({ incarnation }) => incarnation)).size).toBe(1);
        }
      });
    });

    describe("servers", () => {
      it("a server that takes no writes says so, and is read", async () => {
        await using writable = await open();
        await using opened = await open({ options: "-c default_transaction_read_only=on" });
        const { store } = opened;
        const address = newAddress();
        await writable.store.log.append(address, note("a"));
        const document = { tenant: "acme", namespace: ["n"], key: "read-only" };
        const failures = await Promise.all([
          failureOf(store.log.append(address, note("b"))),
          failureOf(store.log.append(newAddress(), note("b"), once("b"))),
          failureOf(store.documents.put(document, { value: 1 })),
          failureOf(store.leases.acquire(address, { ttlMs: 1000 })),
          failureOf(store.log.delete(address)),
        ]);
        for (const { code, outcome } of failures) {
          expect({ code, outcome }).toEqual({ code: "unavailable", outcome: "not-applied" });
        }
        expect(await notesOf(store, address)).toEqual(["a"]);
      });

      it("a server that stands still ends calls by their deadline, and they work when it goes on", async () => {
        await using opened = await open({ max: 2 });
        const { store, hasty } = opened;
        const address = newAddress();
        await store.log.append(address, note("a"));
        const { server } = database;
        server.pause();
        try {
          const [plain, repeatable, read, queued] = await Promise.all([
            failureOf(hasty.log.append(address, note("b"))),
            failureOf(hasty.log.append(newAddress(), note("c"), once("c"))),
            failureOf(hasty.log.head(address)),
            failureOf(hasty.log.append(address, note("d"))),
          ]);
          for (const { code, elapsedMs } of [plain, repeatable, read, queued]) {
            expect(code).toBe("timeout");
            expect(elapsedMs).toBeLessThan(hangMs);
          }
          // It was sent over the connection that stood; the others never got that far.
          expect(plain.outcome).toBe("unknown");
          expect(queued.outcome).toBe("not-applied");
          expect(read.outcome).toBe("not-applied");
        } finally {
          server.resume();
        }
        await store.log.append(address, note("e"));
        await until("the backends to end", async () => (await busy()) === 0);
        const stored = await notesOf(store, address);
        expect(stored).not.toContain("d");
        expect(stored.filter((name) => name !== "b")).toEqual(["a", "e"]);
      });

      it("a server that is gone is unavailable, and used again when it is back", async () => {
        await using opened = await open();
        const { store } = opened;
        const address = newAddress();
        await store.log.append(address, note("a"));
        const { server } = database;
        await server.kill("SIGINT");
        const failures = await Promise.all([
          failureOf(store.log.append(address, note("b"), once("b"))),
          failureOf(store.log.head(address)),
        ]);
        for (const { code, outcome, elapsedMs } of failures) {
          expect({ code, outcome }).toEqual({ code: "unavailable", outcome: "not-applied" });
          expect(elapsedMs).toBeLessThan(hangMs);
        }
        await server.restart();
        await store.log.append(address, note("c"));
        expect(await notesOf(store, address)).toEqual(["a", "c"]);
      });

      it("a store that met no server at first begins when there is one", async () => {
        const { server } = database;
        await server.kill("SIGINT");
        const pool = new pg.Pool({ connectionString: database.url, max: 2 });
        const store = createPostgresStore({ pool, timeoutMs: hangMs });
        const address = newAddress();
        try {
          const failure = await failureOf(store.log.append(address, note("a")));
          expect(failure).toMatchObject({ code: "unavailable", outcome: "not-applied" });
          await server.restart();
          await store.log.append(address, note("b"));
          expect(await notesOf(store, address)).toEqual(["b"]);
        } finally {
          await store.close();
          await pool.end();
        }
      });
    });

    describe("races", () => {
      it("of two appends with one operation id exactly one takes effect, with events or without", async () => {
        await using one = await open();
        await using other = await open();
        const address = newAddress();
        await one.store.log.append(address, note("first"));
        for (let round = 0; round < 200; round++) {
          const id = `round-${round}`;
          const alike = round % 2 === 0;
          const events = round % 4 < 2 ? [] : note(id);
          const before = (await one.store.log.head(address))?.version ?? 0;
          const calls = await Promise.allSettled([
            one.store.log.append(address, note(id), { operation: { id, fingerprint: "one" } }),
            other.store.log.append(address, events, {
              operation: { id, fingerprint: alike ? "one" : "other" },
            }),
          ]);
          const done = calls.flatMap((call) => (call.status === "fulfilled" ? [call.value] : []));
          const failed = calls.flatMap((call) =>
            call.status === "rejected" ? [call.reason as unknown] : [],
          );
          expect(done.filter(({ replayed }) => !replayed)).toHaveLength(1);
          expect(failed).toHaveLength(alike ? 0 : 1);
          for (const error of failed) {
            expect(MemoryError.isInstance(error, "conflict") && error.details.conflict).toBe("operation");
          }
          // Both were told the same, and the log is as they were told.
          const [told, again = told] = done;
          expect(again).toMatchObject({ firstSeq: told?.firstSeq, version: told?.version });
          expect((await one.store.log.head(address))?.version).toBe(told?.version);
          expect([before, before + 1]).toContain(told?.version);
        }
      });
    });

    it("a counter that was set back is found out, and nothing is written over", async () => {
      await using opened = await open();
      const { store } = opened;
      const address = newAddress();
      for (const name of ["a", "b", "c"]) await store.log.append(address, note(name));
      const setBack = (version: number) =>
        ask(`update relevo.sessions set version = ${version} where session = '${address.session}'`);
      await setBack(1);
      expect(await failureOf(store.log.append(address, note("d")))).toMatchObject({
        code: "corrupt",
        outcome: "not-applied",
      });
      await setBack(3);
      expect(await notesOf(store, address)).toEqual(["a", "b", "c"]);
    });

    describe("signals", () => {
      it("an aborted call says whether it was applied, wherever it waited", async () => {
        await using opened = await open({ max: 1 });
        const { store, pool } = opened;
        const address = newAddress();
        await store.log.append(address, note("first"));

        const before = store.log.append(address, note("a"), { signal: AbortSignal.abort() });
        expect(await failureOf(before)).toMatchObject({ code: "aborted", outcome: "not-applied" });

        // In the pool's queue.
        const client = await pool.connect();
        const inPool = new AbortController();
        const pooled = failureOf(store.log.append(address, note("b"), { signal: inPool.signal }));
        await until("the queue", () => pool.waitingCount === 1);
        inPool.abort();
        expect(await pooled).toMatchObject({ code: "aborted", outcome: "not-applied" });
        client.release();

        // In the statement, and behind it in the queue of the session.
        const held = await hold(address);
        const [working, queued] = [new AbortController(), new AbortController()];
        const inWork = failureOf(store.log.append(address, note("c"), { signal: working.signal }));
        await someoneWaits();
        const inQueue = failureOf(store.log.append(address, note("d"), { signal: queued.signal }));
        queued.abort();
        expect(await inQueue).toMatchObject({ code: "aborted", outcome: "not-applied" });
        working.abort();
        expect(await inWork).toMatchObject({ code: "aborted", outcome: "unknown" });
        await held.release();

        await until("the backends to end", async () => (await busy()) === 0);
        await store.log.append(address, note("e"));
        const stored = await notesOf(store, address);
        expect(stored.filter((name) => name !== "c")).toEqual(["first", "e"]);
      });

      it("a lease that is waited for is given up", async () => {
        await using opened = await open();
        const { store } = opened;
        const address = newAddress();
        const lease = await store.leases.acquire(address, { ttlMs: 60_000 });
        const giveUp = new AbortController();
        const options = { ttlMs: 1000, waitMs: 60_000, signal: giveUp.signal };
        const acquiring = failureOf(store.leases.acquire(address, options));
        giveUp.abort();
        expect(await acquiring).toMatchObject({ code: "aborted" });
        await lease.release();
        // Nobody else holds it.
        await (await store.leases.acquire(address, { ttlMs: 1000 })).release();
      });
    });
  },
);
