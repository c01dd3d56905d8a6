import pg from "pg";
import { migratePostgres } from "../../src/index.ts";

/** Migrates when told to, so that several processes begin at one moment, and says what it applied. */
const pool = new pg.Pool({ connectionString: process.env.RELEVO_TEST_URL, max: 2 });
pool.on("error", () => undefined);

process.once("message", async () => {
  try {
    const { applied } = await migratePostgres({ pool });
    process.send?.({ applied });
  } catch (error) {
    process.send?.({
      error: error instanceof Error ? `${error.message} ${String(error.cause)}` : String(error),
    });
  }
  await pool.end();
  process.disconnect();
});
process.send?.("ready");
