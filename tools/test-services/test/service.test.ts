import { describe, expect, it } from "vitest";
import { requireService, serviceAvailable } from "../src/index.ts";

const bare = { PATH: "/nonexistent", RELEVO_POSTGRES_BIN: "/nonexistent" };

describe("serviceAvailable", () => {
  it("says what is missing and how to get it", () => {
    expect(serviceAvailable("redis", bare)).toEqual({
      available: false,
      reason: expect.stringContaining("RELEVO_REDIS_SERVER"),
    });
    expect(serviceAvailable("postgres", bare)).toEqual({
      available: false,
      reason: expect.stringContaining("DATABASE_URL"),
    });
  });

  it("takes a named program, and not one that is not there", () => {
    expect(serviceAvailable("redis", { RELEVO_REDIS_SERVER: process.execPath })).toEqual({ available: true });
    expect(serviceAvailable("redis", { RELEVO_REDIS_SERVER: "/nonexistent/redis" }).available).toBe(false);
  });

  it("knows versions of PostgreSQL apart, and says how to get one that is missing", () => {
    expect(serviceAvailable("postgres-9")).toEqual({
      available: false,
      reason: expect.stringMatching(/no PostgreSQL 9: .*pnpm postgres-versions/u),
    });
    expect(serviceAvailable("private-postgres", { RELEVO_POSTGRES_BIN: "9" }).available).toBe(false);
  });

  it("takes a server by its address for databases, not for a server to kill", () => {
    const env = { ...bare, DATABASE_URL: "postgres://somewhere/db" };
    expect(serviceAvailable("postgres", env).available).toBe(true);
    expect(serviceAvailable("private-postgres", env).available).toBe(false);
  });
});

describe("requireService", () => {
  it("warns once, with what is not tested, where the service is missing", () => {
    const lines: string[] = [];
    const found = requireService("redis", {
      env: bare,
      for: "the store on Redis",
      warn: (line) => lines.push(line),
    });
    expect(found).toBe(false);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain("NOT TESTED without redis: the store on Redis. There is no redis-server");
  });

  it("fails where the service is missing and required", () => {
    const warn = () => expect.unreachable();
    const env = { ...bare, RELEVO_REQUIRE: "postgres, redis" };
    expect(() => requireService("redis", { env, warn })).toThrow("RELEVO_REQUIRE names redis");
    expect(() => requireService("private-postgres", { env, warn })).toThrow(
      "RELEVO_REQUIRE names private-postgres",
    );
  });

  it("says nothing where the service is there", () => {
    const env = { RELEVO_REDIS_SERVER: process.execPath, RELEVO_REQUIRE: "redis" };
    expect(requireService("redis", { env, warn: () => expect.unreachable() })).toBe(true);
  });
});
