import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { migratePostgres } from "@relevo/store-postgres";
import { type PostgresServer, requireService, startPrivatePostgres } from "@relevo/test-services";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hotLead } from "./leads.ts";
import { runProgram, startProgram } from "./run-program.ts";

describe.skipIf(!requireService("private-postgres", { for: "the lead pipeline in databases of providers" }))(
  "DATABASE_URL names",
  () => {
    let server: PostgresServer;
    let folder: string;
    let leads: string;

    beforeAll(async () => {
      server = await startPrivatePostgres();
      folder = await mkdtemp(join(tmpdir(), "relevo-database-url-"));
      leads = join(folder, "leads.jsonl");
      await writeFile(leads, JSON.stringify(hotLead));
    });
    afterAll(async () => {
      await server?.stop();
      await rm(folder, { recursive: true });
    });

    const urlOf = (role: string, database: string): string => {
      const url = new URL(server.url);
      url.username = role;
      url.pathname = `/${database}`;
      return url.href;
    };
    const runAs = (role: string, database: string) =>
      runProgram(["--leads", leads], { env: { DATABASE_URL: urlOf(role, database) }, remembers: true });

    it.each([
      { role: "plain", attributes: "createrole" },
      { role: "bare", attributes: "" },
    ])(
      "the owner of the database, who is no superuser ($role): simply works",
      async ({ role, attributes }) => {
        await server.query(`create role ${role} login ${attributes}`);
        await server.query(`create database of_${role} owner ${role}`);
        const first = await runAs(role, `of_${role}`);
        expect(first, first.stderr).toMatchObject({ code: 0, stderr: "" });
        expect(first.stdout).toMatch(/meeting scheduled +1/u);
        const second = await runAs(role, `of_${role}`);
        expect(second.code, second.stderr).toBe(0);
        expect(second.stdout).toMatch(/duplicate +1/u);
      },
    );

    it.each([
      {
        what: "who may create no schema",
        role: "poor",
        setup: "",
        says: /grant create on database "d_poor" to "poor";/u,
      },
      {
        what: "who may create nothing in the schema",
        role: "shut",
        setup: "create schema relevo",
        says: /grant usage, create on schema "relevo" to "shut";/u,
      },
      {
        what: "who may not connect",
        role: "out",
        setup: "revoke connect on database d_out from public",
        says: /The role may not connect to the database/u,
      },
    ])("a role $what: one message that says what to run", async ({ role, setup, says }) => {
      await server.query(`create role ${role} login`);
      await server.query(`create database d_${role}`);
      if (setup !== "") await server.query(setup, urlOf("postgres", `d_${role}`));
      const { code, stderr, stdout } = await runAs(role, `d_${role}`);
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr).toMatch(says);
      expect(stderr.trim().split("\n")).toHaveLength(1);
    });

    it("a server that ends meanwhile: the leads that failed are told, and no stack", async () => {
      const url = urlOf("postgres", "postgres");
      const pool = new pg.Pool({ connectionString: url });
      pool.on("error", () => undefined);
      await migratePostgres({ pool });
      // No lead can end before the server does.
      const holder = await pool.connect();
      holder.on("error", () => undefined);
      await holder.query("begin; lock table relevo.events in access exclusive mode");
      const program = startProgram(["--leads", leads], { env: { DATABASE_URL: url }, remembers: true });
      let waiting = 0;
      while (waiting === 0) {
        const { rows } = await pool.query("select from pg_locks where not granted");
        waiting = rows.length;
      }
      await server.kill();
      try {
        const { code, stdout, stderr } = await program.done;
        expect(code).toBe(1);
        expect(stdout).toMatch(/failed/u);
        expect(stderr).not.toMatch(/^ +at /mu);
      } finally {
        holder.release(true);
        await pool.end();
        await server.restart();
      }
    });
  },
);
