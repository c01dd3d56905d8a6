import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { runCommand } from "./command.ts";
import { limitCompileCache } from "./compile-cache.ts";
import { conformance } from "./conformance.ts";
import { lint } from "./lint.ts";
import { faults, fuzz, soak } from "./long-runs.ts";
import { type NxRun, runTargets } from "./nx.ts";
import { loadProjects, type Project } from "./projects.ts";
import { readCheckReport, readVitestReport } from "./read-reports.ts";
import {
  addTallies,
  closingLine,
  failedNames,
  joinTallies,
  missing,
  type Tally,
  tallyTable,
} from "./tally.ts";
import type { Tier } from "./test-groups.ts";
import { typeCheck } from "./type-check.ts";

export interface TestWorkspaceOptions {
  /** Takes the lines that a person sees. */
  readonly report: (line: string) => void;
  /** How long the soaks may take together; none are run when left out. */
  readonly soakSeconds?: number;
  /** Whether servers are killed and connections cut too; not when left out. */
  readonly faults?: boolean;
  /** Whether the slow tier runs too, `*.slow.test.ts` and `fuzz`; not when left out. */
  readonly slow?: boolean;
}

/**
 * Runs every check of a workspace, says what failed, and closes with `N passed, N failed` on a line of its own,
 * counted from the reports that the runners left. Returns the exit code: 0 only when nothing failed.
 */
export async function testWorkspace(
  root: string,
  { report, soakSeconds, faults: withFaults = false, slow = false }: TestWorkspaceOptions,
): Promise<number> {
  const started = performance.now();
  const seconds = () => `${((performance.now() - started) / 1000).toFixed(0)} s`;
  const tallies: Tally[] = [];
  const conformanceLines: string[] = [];
  const step = async (title: string, run: () => Promise<readonly Tally[]>) => {
    report(`  ▸ ${title}`);
    const results = await run();
    tallies.push(...results);
    const total = addTallies(title, results);
    report(`  ${total.failed === 0 ? "✔" : "✖"} ${title}: ${closingLine(total)}  (${seconds()})`);
  };

  const projects = await loadProjects(root);
  await removeReports(root, projects);
  await limitCompileCache(process.env.NODE_COMPILE_CACHE);

  await step("build and type check", async () => [await typeCheck(root, projects, report)]);
  await step("lint and format", async () => [await lint(root)]);
  if (existsSync(join(root, "tools", "boundaries"))) {
    await step("boundaries", async () => [await boundaries(root)]);
  }
  await step("tests and snippets", async () => {
    const run = await runTargets(root, [...groupTargets(projects, "test"), "check"], { report });
    const { lines, tally } = conformance(projects, run);
    conformanceLines.push(...lines);
    const tests = [...(await countTests(root, projects, run, "test")), ...untested(projects)];
    return withRun(run, [...tests, ...(await countChecks(root, projects, run, "check")), ...tally], report);
  });
  if (slow) await step("slow tests", () => slowTests(root, projects, report));
  if (slow) await step("fuzz", () => fuzz(root, projects, report));
  if (withFaults) await step("faults", () => faults(root, projects, report));
  if (soakSeconds !== undefined) await step("soak", () => soak(root, projects, soakSeconds, report));

  const total = addTallies("total", tallies);
  if (total.problems.length > 0) report(`\nFailures\n${total.problems.map(indent).join("\n")}`);
  report(`\n${tallyTable([...tallies, total])}\n`);
  for (const line of conformanceLines) report(line);
  // Again, and without details: whoever sees only the end of the output sees what to look for.
  for (const line of failedNames(total)) report(line);
  report(closingLine(total));
  return total.failed === 0 ? 0 : 1;
}

/** A report from before would count for a project that does not get to write one now. */
async function removeReports(root: string, projects: readonly Project[]): Promise<void> {
  for (const folder of ["", ...projects.map((project) => project.root)]) {
    await rm(join(root, folder, ".reports"), { recursive: true, force: true });
  }
}

async function boundaries(root: string): Promise<Tally> {
  const { code, output } = await runCommand(
    "node",
    [join(root, "tools", "boundaries", "src", "main.ts"), "--root", root],
    { cwd: root },
  );
  const tally = await readCheckReport("boundaries", join(root, ".reports", "boundaries.json"));
  return code !== 0 && tally.failed === 0 ? addTallies("boundaries", [tally, missing("run", output)]) : tally;
}

/** The targets that run the test files of a tier, of all projects. */
function groupTargets(projects: readonly Project[], tier: Tier): readonly string[] {
  return [...new Set(projects.flatMap(({ groups }) => groups[tier].map(({ target }) => target)))];
}

/** Each test file of a tier is in one group, and the report of its group has to name it. */
async function countTests(
  root: string,
  projects: readonly Project[],
  run: NxRun,
  tier: Tier,
): Promise<readonly Tally[]> {
  return await Promise.all(
    projects
      .filter(({ groups }) => groups[tier].length > 0)
      .map(async ({ name, root: folder, groups }) => {
        const title = tier === "test" ? name : `${name} ${tier}`;
        const tallies = groups[tier].map(async ({ target, files }) => {
          const expected = files.map((file) => join(root, folder, file));
          const report = join(root, folder, ".reports", `${target}.json`);
          return withTask(run, `${name}:${target}`, await readVitestReport(title, report, expected));
        });
        return joinTallies(title, await Promise.all(tallies));
      }),
  );
}

/** A project without any tests is a failure. */
function untested(projects: readonly Project[]): readonly Tally[] {
  return projects
    .filter(({ groups }) => groups.test.length + groups.slow.length === 0)
    .map(({ name }) => missing(name, "has no tests"));
}

/** What the checks of tools found that have this target; the report is named after the tool. */
async function countChecks(
  root: string,
  projects: readonly Project[],
  run: NxRun,
  target: "check" | "slow-check",
): Promise<readonly Tally[]> {
  const checks = projects.filter(({ targets }) => targets.includes(target));
  return await Promise.all(
    checks.map(async ({ name }) => {
      const file = join(root, ".reports", `${name.replace(/^@[^/]*\//u, "")}.json`);
      return withTask(run, `${name}:${target}`, await readCheckReport(`${name} check`, file));
    }),
  );
}

const slowAtOnce = Math.max(4, availableParallelism());

/** Runs the slow tests of the projects that have some. */
async function slowTests(
  root: string,
  projects: readonly Project[],
  report: (line: string) => void,
): Promise<readonly Tally[]> {
  const targets = groupTargets(projects, "slow");
  if (targets.length === 0) {
    report("    no project has slow tests yet");
    return [];
  }
  // More at once than there are cores: many of them wait for a lease, a deadline or a server that starts.
  const run = await runTargets(root, [...targets, "slow-check"], { report, parallel: slowAtOnce });
  const tallies = await countTests(root, projects, run, "slow");
  return withRun(run, [...tallies, ...(await countChecks(root, projects, run, "slow-check"))], report);
}

/** Shows what Nx printed when it failed; that alone is a failure when every report says that all is well. */
function withRun(run: NxRun, tallies: readonly Tally[], report: (line: string) => void): readonly Tally[] {
  if (run.code === 0) return tallies;
  report(run.output);
  if (tallies.some(({ failed }) => failed > 0)) return tallies;
  return [...tallies, missing("Nx", `ended with exit code ${run.code}`)];
}

/** A task that failed, or never ran, fails even when its report says that all is well. */
function withTask(run: NxRun, id: string, tally: Tally): Tally {
  if (tally.failed > 0 || run.tasks.get(id)?.code === 0) return tally;
  const problem = run.tasks.has(id)
    ? `${id} ended with exit code ${run.tasks.get(id)?.code}`
    : `${id} did not run`;
  return { ...tally, failed: 1, problems: [problem] };
}

function indent(problem: string): string {
  return `  ✖ ${problem.replaceAll("\n", "\n      ")}`;
}
