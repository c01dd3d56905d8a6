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
