import { countTasks, type Project, runTargets } from "./nx.ts";
import type { Tally } from "./tally.ts";

/**
 * Runs the soaks of the projects that have one, one after the other. Each is told its share of the time in
 * `RELEVO_SOAK_SECONDS`; all are ended when they take much longer.
 */
export async function soak(
  root: string,
  projects: readonly Project[],
  seconds: number,
  report: (line: string) => void,
): Promise<readonly Tally[]> {
  const soaked = projects.filter(({ targets }) => targets.includes("soak"));
  if (soaked.length === 0) {
    report("    no project has a soak target yet");
    return [];
  }
  const run = await runTargets(root, ["soak"], {
    report,
    parallel: 1,
    env: { RELEVO_SOAK_SECONDS: `${Math.max(1, Math.floor(seconds / soaked.length))}` },
    timeoutMs: seconds * 2000 + 60_000,
  });
  if (run.code !== 0) report(run.output);
  const ids = soaked.map(({ name }) => `${name}:soak`);
  return [countTasks("soak", run, ids)];
}

/** Faults kill servers and cut connections in earnest; each project has minutes for its own, never for ever. */
const faultsTimeoutMs = 20 * 60_000;

/** Runs the faults of the projects that have them, one after the other: they would be each other's noise. */
export async function faults(
  root: string,
  projects: readonly Project[],
  report: (line: string) => void,
): Promise<readonly Tally[]> {
  const faulty = projects.filter(({ targets }) => targets.includes("faults"));
  if (faulty.length === 0) {
    report("    no project has a faults target yet");
    return [];
  }
  const run = await runTargets(root, ["faults"], { report, parallel: 1, timeoutMs: faultsTimeoutMs });
  if (run.code !== 0) report(run.output);
  const ids = faulty.map(({ name }) => `${name}:faults`);
  return [countTasks("faults", run, ids)];
}
