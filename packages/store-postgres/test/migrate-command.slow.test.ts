import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { type PostgresDatabases, requireService, startPostgres } from "@relevo/test-services";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const script = fileURLToPath(new URL("../scripts/migrate.ts", import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function migrate(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const child = spawn(process.execPath, [script, ...args], { env: { PATH: process.env.PATH ?? "", ...env } });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, stdout, stderr }));
  });
}

describe("without a server", () => {
  it("says what it wants, and refuses what it does not know", async () => {
    expect(await migrate(["--help"])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("--dry-run"),
    });
    expect(await migrate([])).toMatchObject({ code: 2, stderr: expect.stringContaining("DATABASE_URL") });
    expect(await migrate(["--wet-run"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("--wet-run"),
    });
  });

  it("that is not there it says so, without the password", async () => {
    const { code, stderr } = await migrate(["postgres://someone:secret@127.0.0.1:1/none"]);
    expect(code).toBe(1);
    expect(stderr).toContain("ECONNREFUSED");
    expect(stderr).not.toContain("secret");
  });

  it("prints nothing that a terminal obeys, whoever wrote it", async () => {
    const hostile = "a\u009b2J\u001b[2J\u202eb";
    const mistyped = await migrate([`--${hostile}`]);
    expect(mistyped).toMatchObject({ code: 2, stderr: expect.stringContaining("a\\u009b2J") });
    await using server = await startRefusing(hostile);
    const refused = await migrate([`postgres://someone@127.0.0.1:${server.port}/none`]);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("a\\u009b2J") });
    for (const { stderr } of [mistyped, refused]) {
      expect(stderr.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    }
  });
});

/** A server that refuses every connection with these words. */
async function startRefusing(words: string): Promise<AsyncDisposable & { readonly port: number }> {
  const fields = Buffer.from(`SFATAL\0C28000\0M${words}\0\0`);
  const head = Buffer.alloc(5);
  head.write("E");
  head.writeInt32BE(fields.length + 4, 1);
  const server = createServer((socket) => {
    socket.on("error", () => undefined).once("data", () => socket.end(Buffer.concat([head, fields])));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return {
    port: address.port,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

describe.skipIf(!requireService("postgres", { for: "pnpm migrate" }))("on a server", () => {
  let server: PostgresDatabases;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server?.stop());

  async function query(url: string, text: string): Promise<readonly Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      const results: unknown = await client.query(text);
      return Array.isArray(results) ? [] : (results as pg.QueryResult).rows;
    } finally {
      await client.end();
    }
  }

  const tables = "select count(*)::int as count from information_schema.tables where table_schema = 'relevo'";

  it("prints the SQL with --dry-run and changes nothing; what it prints makes the schema", async () => {
    const url = await server.createDatabase();
    const dry = await migrate(["--dry-run"], { DATABASE_URL: url });
    expect(dry.code, dry.stderr).toBe(0);
    expect(dry.stdout).toMatch(/create table "relevo"\.events/u);
    expect(await query(url, tables)).toEqual([{ count: 0 }]);
    await query(url, dry.stdout);
    expect((await query(url, tables))[0]?.count).toBeGreaterThan(5);
    // Run by hand, it counts as done.
    expect((await migrate([url])).stderr).toMatch(/Nothing to do/u);
  });

  it("migrates once, however many do at once, and then has nothing to do", async () => {
    const url = await server.createDatabase();
    const all = await Promise.all(Array.from({ length: 4 }, () => migrate([url])));
    expect(all.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    expect(all.filter(({ stderr }) => stderr.includes("Applied"))).toHaveLength(1);
    expect(await migrate(["--dry-run", url])).toMatchObject({ code: 0, stdout: "" });
  });

  it("by an owner who may create no roles, makes the schema and says what a second role needs", async () => {
    const url = await server.createDatabase();
    const role = "migrator_absent_app";
    await query(url, "create role migrator_plain login").catch(() => undefined);
    await query(url, `alter database "${new URL(url).pathname.slice(1)}" owner to migrator_plain`);
    const plain = new URL(url);
    plain.username = "migrator_plain";
    const first = await migrate(["--role", role, plain.href]);
    expect(first, first.stderr).toMatchObject({ code: 0 });
    expect(first.stderr).toMatch(
      /Applied.*no role migrator_absent_app.*create role "migrator_absent_app" nologin;/su,
    );
    await query(url, `create role ${role} nologin`);
    const dry = await migrate(["--dry-run", "--role", role, plain.href]);
    expect(dry.stdout).toMatch(/^begin;.*^grant usage on schema "relevo" to "migrator_absent_app";/msu);
    expect((await migrate(["--role", role, plain.href])).stderr).toMatch(/^Granted the role/u);
    expect((await migrate(["--role", role, plain.href])).stderr).toMatch(/^Nothing to do.*up to date\.\n$/u);
    await query(url, `drop owned by ${role}; drop role ${role}`);
  });

  it("by a role that may not, fails and changes nothing", async () => {
    const url = await server.createDatabase();
    await query(url, "create role migrator_without_rights login").catch(() => undefined);
    const poor = new URL(url);
    poor.username = "migrator_without_rights";
    const { code, stderr } = await migrate([poor.href]);
    expect(code).toBe(1);
    expect(stderr).toContain('As the owner of the database or a superuser, run: grant create on database "');
    expect(await query(url, tables)).toEqual([{ count: 0 }]);
  });
});
