import { requireService } from "@relevo/test-services";
import { clusterChanges } from "./cluster.ts";
import { connectionsCut, stoppedAndFlushed } from "./connections.ts";
import { memoryEvicted, memoryFull, serverKilled } from "./crashes.ts";
import { manyProcesses } from "./processes.ts";
import type { Fault } from "./support.ts";

const faults: readonly Fault[] = [
  connectionsCut,
  stoppedAndFlushed,
  serverKilled("none"),
  serverKilled("everysec"),
  serverKilled("always"),
  memoryFull,
  memoryEvicted,
  manyProcesses,
  clusterChanges,
];

/** Runs the faults whose name holds one of the words of the command line, or all; fails when a promise was broken. */
const words = process.argv.slice(2);
const chosen = faults.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));
if (requireService("redis", { for: "the faults of store-redis" })) {
  for (const { name, run } of chosen) {
    const began = performance.now();
    const { summary, violations } = await run();
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    console.log(`${violations.length === 0 ? "held" : "BROKEN"}  ${name} (${seconds} s): ${summary}`);
    for (const violation of violations.slice(0, 10)) console.log(`        ${violation}`);
    if (violations.length > 0) process.exitCode = 1;
  }
}
