import { availableParallelism } from "node:os";
import { countTasks, type RunTargetsOptions, runTargets } from "./nx.ts";
import type { Project } from "./projects.ts";
import type { Tally } from "./tally.ts";

type Report = (line: string) => void;

/**
 * Runs the soaks of the projects that have one, one after the other. Each receives its share of the time in
 * `RELEVO_SOAK_SECONDS`; all are ended when they take much longer.
 */
export async function soak(
  root: string,
  projects: readonly Project[],
  seconds: number,
  report: Report,
): Promise<readonly Tally[]> {
  const soaks = projects.filter(({ targets }) => targets.includes("soak")).length;
  return await longRun("soak", root, projects, {
    report,
    env: { RELEVO_SOAK_SECONDS: `${Math.max(1, Math.floor(seconds / Math.max(1, soaks)))}` },
    timeoutMs: seconds * 2000 + 60_000,
  });
}

/** Faults kill servers and cut connections in earnest; each project has minutes for its own, but not forever. */
const faultsTimeoutMs = 20 * 60_000;

/** Runs the faults of the projects that have them, one after the other: they would disturb each other. */
export async function faults(
  root: string,
  projects: readonly Project[],
  report: Report,
): Promise<readonly Tally[]> {
  return await longRun("faults", root, projects, { report, timeoutMs: faultsTimeoutMs });
}

/** Ends a hang only: the work of a fuzz is bounded by counts, which are the same on every machine. */
const fuzzTimeoutMs = 60 * 60_000;

/** Runs the fuzz of the projects that have one, side by side: each is one process, and nothing in it is timed. */
export async function fuzz(
  root: string,
  projects: readonly Project[],
  report: Report,
): Promise<readonly Tally[]> {
  const parallel = availableParallelism();
  return await longRun("fuzz", root, projects, { report, timeoutMs: fuzzTimeoutMs, parallel });
}

async function longRun(
  target: string,
  root: string,
  projects: readonly Project[],
  options: RunTargetsOptions,
): Promise<readonly Tally[]> {
  const having = projects.filter(({ targets }) => targets.includes(target));
  if (having.length === 0) {
    options.report(`    no project has a ${target} target yet`);
    return [];
  }
  const run = await runTargets(root, [target], { parallel: 1, ...options });
  if (run.code !== 0) options.report(run.output);
  const ids = having.map(({ name }) => `${name}:${target}`);
  return [countTasks(target, run, ids)];
}
