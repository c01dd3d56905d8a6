import { execFile } from "node:child_process";
import { requireService } from "@relevo/test-services";
import { connectionsCut } from "./connections.ts";
import { serverKilled } from "./crashes.ts";
import { manyProcesses } from "./processes.ts";
import type { Fault } from "./support.ts";

/** In a process of its own: it opens an embedded database, and what is left of it must not stay with the others. */
const embeddedKilled: Fault = {
  name: "embedded killed",
  run: () =>
    new Promise((resolve) => {
      execFile(process.execPath, [`${import.meta.dirname}/embedded.ts`], (error, stdout, stderr) => {
        const summary = stdout.trim().replace(/^embedded: /, "");
        const said = `${summary}\n${stderr}`.trim();
        resolve({ summary, violations: error === null ? [] : [`it ended with ${error.code}: ${said}`] });
      });
    }),
};

const faults: readonly Fault[] = [
  embeddedKilled,
  ...(requireService("private-postgres", { for: "the faults of a PostgreSQL server" })
    ? [connectionsCut, serverKilled, manyProcesses]
    : []),
];

/** Runs the faults whose name holds one of the words of the command line, or all; fails when a promise was broken. */
const words = process.argv.slice(2);
for (const { name, run } of faults) {
  if (words.length > 0 && !words.some((word) => name.includes(word))) continue;
  const began = performance.now();
  const { summary, violations } = await run();
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(`${violations.length === 0 ? "held" : "BROKEN"}  ${name} (${seconds} s): ${summary}`);
  for (const violation of violations.slice(0, 10)) console.log(`        ${violation}`);
  if (violations.length > 0) process.exitCode = 1;
}
