import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { afterEach, describe, expect, it, vi } from "vitest";
import { requireService, serviceAvailable, startPostgres, startPrivatePostgres } from "../src/index.ts";
import { poll } from "../src/poll.ts";
import { isAlive, processTree } from "../src/process-tree.ts";

describe.skipIf(!requireService("private-postgres"))("startPostgres", () => {
  afterEach(() => vi.unstubAllEnvs());

  it("makes databases of its own in the server of DATABASE_URL, and drops them", async () => {
    await using server = await startPrivatePostgres({ superuser: "owner" });
    const databases = () =>
      server.query("select datname from pg_database where datname ~ '^(relevo|named)' order by 1");
    vi.stubEnv("DATABASE_URL", server.url);
    const postgres = await startPostgres();
    expect(postgres.control).toBeUndefined();
    expect(await postgres.query("select current_user as role")).toEqual([{ role: "owner" }]);
    expect(await postgres.createDatabase("named")).toBe(server.url.replace(/postgres$/u, "named"));
    expect(await databases()).toEqual([
      { datname: "named" },
      { datname: expect.stringMatching(/^relevo_test_/u) },
    ]);

    await postgres.stop();
    await postgres.stop();
    expect(await databases()).toEqual([]);
    expect(await server.query("select 1 as one")).toEqual([{ one: 1 }]);
  });

  it("starts a private server without DATABASE_URL", async () => {
    vi.stubEnv("DATABASE_URL", "");
    await using postgres = await startPostgres();
    expect(postgres.control?.pid).toBeGreaterThan(0);
  });
});

describe.skipIf(!requireService("private-postgres"))("startPrivatePostgres", () => {
  it("starts a server that answers, creates databases, and leaves no process and no folder", async () => {
    const postgres = await startPrivatePostgres();
    const { dir, pid } = postgres;
    expect(await postgres.query("select 1 as one")).toEqual([{ one: 1 }]);
    expect(await postgres.query("select 1 as one; select 2 as two")).toEqual([{ two: 2 }]);

    const [first, second] = [await postgres.createDatabase(), await postgres.createDatabase('odd "name')];
    await postgres.query("create table only_here (id int)", first);
    await expect(postgres.query("select * from only_here", second)).rejects.toThrow("does not exist");
    expect(await postgres.query("select current_database() as name", second)).toEqual([
      { name: 'odd "name' },
    ]);

    const processes = processTree(pid);
    expect(processes.length).toBeGreaterThan(2);
    await postgres.stop();
    await postgres.stop();
    expect(processes.filter(isAlive)).toEqual([]);
    expect(existsSync(dir)).toBe(false);
  });

  it("is of the version that was asked for", async ({ skip }) => {
    const versions = [14, 15, 16, 17, 18].filter((major) => serviceAvailable(`postgres-${major}`).available);
    skip(versions.length === 0, "the server that was found is of another version");
    for (const version of versions) {
      await using postgres = await startPrivatePostgres({ version });
      const [row] = await postgres.query("show server_version");
      expect(row?.server_version).toMatch(new RegExp(`^${version}\\.`, "u"));
    }
  });

  it("comes back on the same port after a kill with what was committed, children and all", async () => {
    await using postgres = await startPrivatePostgres({ durable: true, settings: { max_connections: 7 } });
    const { url, pid } = postgres;
    expect(await postgres.query("show fsync")).toEqual([{ fsync: "on" }]);
    expect(await postgres.query("show max_connections")).toEqual([{ max_connections: "7" }]);
    await postgres.query("create table kept (id int); insert into kept values (1)");

    const processes = processTree(pid);
    await postgres.kill();
    expect(processes.filter(isAlive)).toEqual([]);
    await expect(postgres.query("select 1")).rejects.toThrow("ECONNREFUSED");
    await postgres.restart();
    expect(postgres.url).toBe(url);
    expect(await postgres.query("select * from kept")).toEqual([{ id: 1 }]);

    await postgres.restart();
    expect(await postgres.query("select * from kept")).toEqual([{ id: 1 }]);
  });

  it("answers nobody while it is paused", async () => {
    await using postgres = await startPrivatePostgres();
    postgres.pause();
    let answered = false;
    const answer = postgres.query("select 1 as one").finally(() => {
      answered = true;
    });
    await poll(() => stateOf(postgres.pid) === "T", {
      waitingFor: () => "the server to be stopped",
    });
    expect(answered).toBe(false);
    postgres.resume();
    expect(await answer).toEqual([{ one: 1 }]);
  });

  it("runs two at once on ports of their own", async () => {
    const [one, other] = await Promise.all([startPrivatePostgres(), startPrivatePostgres()]);
    expect(one.port).not.toBe(other.port);
    await Promise.all([one.stop(), other.stop()]);
  });
});

function stateOf(pid: number): string | undefined {
  return execFileSync("ps", ["-o", "state=", "-p", `${pid}`], { encoding: "utf8" }).trim()[0];
}
