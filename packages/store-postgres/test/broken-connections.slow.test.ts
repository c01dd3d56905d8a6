import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type PostgresServer, requireService, startPrivatePostgres } from "@relevo/test-services";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openTestDatabase, type TestDatabase } from "./server.ts";

interface Ended {
  readonly code: number | string | null | undefined;
  readonly stderr: string;
  readonly stdout: string;
}

/** In a process of its own: what is tested is that it lives. */
function run(program: string, args: readonly string[]): Promise<Ended> {
  const path = fileURLToPath(new URL(`./remote/${program}.ts`, import.meta.url));
  return new Promise((resolve) => {
    execFile(process.execPath, [path, ...args], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : error.code, stdout, stderr });
    });
  });
}

describe("a connection that ends in the packet that hands it out", () => {
  it.each(["pool", "kysely", "migrate", "handed-over"])(
    "is a typed error, the process lives and the pool recovers: %s",
    async (way) => {
      const { code, stdout, stderr } = await run("broken-connections", [way]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      const { outcomes, recovered, waiting } = JSON.parse(stdout);
      expect(new Set(outcomes)).toEqual(new Set(["unavailable not-applied"]));
      expect({ recovered, waiting }).toEqual({ recovered: true, waiting: 0 });
    },
  );
});

it("a PGlite that its owner closed is a typed error, and the process lives", async () => {
  const { code, stdout, stderr } = await run("closed-pglite", []);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(JSON.parse(stdout).outcomes).toEqual(Array(3).fill("unavailable not-applied"));
});

describe.skipIf(
  !requireService("private-postgres", { for: "connections that are terminated while many append" }),
)("connections that are terminated while many append", () => {
  let server: PostgresServer;
  let database: TestDatabase;
  beforeAll(async () => {
    server = await startPrivatePostgres();
    database = await openTestDatabase(server);
  });
  afterAll(() => server?.stop());

  it.each(["pool", "kysely"])("leave the process alive and lose nothing: %s", async (way) => {
    const { code, stdout, stderr } = await run("terminated-connections", [
      way,
      database.url,
      database.ownerUrl,
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const { terminated, acknowledged, stored, untyped } = JSON.parse(stdout);
    expect(terminated).toBeGreaterThanOrEqual(20);
    expect(untyped).toEqual([]);
    // All appends carry an operation, so each of them ends well in the end.
    expect(acknowledged).toBe(stored);
    expect(stored).toBeGreaterThanOrEqual(40);
  });
});
