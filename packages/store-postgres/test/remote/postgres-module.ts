import type { LimitOverrides } from "@relevo/core";
import pg from "pg";
import { createPostgresStore, type PostgresStore } from "../../src/index.ts";

const pool = new pg.Pool({ connectionString: process.env.RELEVO_TEST_URL, max: 12 });

/** A store of this process: its pool is no other's. */
export async function openStore(options: { readonly limits: LimitOverrides }): Promise<PostgresStore> {
  return createPostgresStore({ pool, timeoutMs: 300_000, ...options });
}
