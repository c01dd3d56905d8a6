import type { Suite } from "./benchmark.ts";
import { inProcessBenchmarks } from "./in-process.ts";
import { memoryBenchmarks } from "./memory.ts";
import { openMemoryOnPostgres, openMemoryOnRedis } from "./memory-on-servers.ts";
import { openPostgres } from "./postgres.ts";
import { openPostgresSearch } from "./postgres-search.ts";
import { openRedis } from "./redis.ts";
import { runSuites } from "./run-suites.ts";
import { telemetryBenchmarks } from "./telemetry.ts";
import { threadTime } from "./thread-time.ts";
import { viewBenchmarks } from "./view.ts";

const suites: readonly Suite[] = [
  { title: "In process", open: async () => ({ benchmarks: inProcessBenchmarks }) },
  {
    title: "Telemetry",
    roundMs: 60,
    now: threadTime,
    open: async () => ({ benchmarks: telemetryBenchmarks }),
  },
  { title: "Views", open: async () => ({ benchmarks: viewBenchmarks }) },
  { title: "Memory", roundMs: 60, open: async () => ({ benchmarks: memoryBenchmarks }) },
  { title: "Memory on Redis", roundMs: 60, open: openMemoryOnRedis },
  { title: "Memory on Postgres", roundMs: 60, open: openMemoryOnPostgres },
  { title: "Redis", roundMs: 60, open: openRedis },
  { title: "Postgres", roundMs: 60, open: openPostgres },
  { title: "Search on Postgres", roundMs: 60, open: openPostgresSearch },
];

process.exitCode = await runSuites(suites, process.argv.slice(2));
