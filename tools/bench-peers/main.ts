// Installs the other libraries beside this file when they are missing, then measures the stores beside them.
import { runSuites } from "../bench/dist/run-suites.js";
import { installPeers } from "./install-peers.ts";

installPeers();
const { openPostgresPeers } = await import("./postgres-peers.ts");
const { openRedisPeers } = await import("./redis-peers.ts");
process.exitCode = await runSuites(
  [
    { title: "Redis, beside others", roundMs: 60, open: openRedisPeers },
    { title: "Postgres, beside others", roundMs: 60, open: openPostgresPeers },
  ],
  process.argv.slice(2),
);
