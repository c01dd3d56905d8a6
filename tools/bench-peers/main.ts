// Installs the other libraries beside this file when they are missing, then measures the stores beside them.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { runSuites } from "../bench/dist/run-suites.js";

if (!existsSync(new URL("node_modules/redis", import.meta.url))) {
  const { status } = spawnSync("pnpm", ["install", "--frozen-lockfile"], {
    cwd: import.meta.dirname,
    stdio: "inherit",
  });
  if (status !== 0) process.exit(status ?? 1);
}
const { openPostgresPeers } = await import("./postgres-peers.ts");
const { openRedisPeers } = await import("./redis-peers.ts");
process.exitCode = await runSuites(
  [
    { title: "Redis, beside others", roundMs: 60, open: openRedisPeers },
    { title: "Postgres, beside others", roundMs: 60, open: openPostgresPeers },
  ],
  process.argv.slice(2),
);
