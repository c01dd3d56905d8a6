// A plugin of Nx, named in nx.json. It makes the targets that run the tests of each project, and writes what became of
// each task of a run to the file that RELEVO_TASKS_FILE names. Both hooks are documented:
// https://nx.dev/docs/extending-nx/project-graph-plugins and
// https://nx.dev/docs/extending-nx/task-running-lifecycle. Plain JavaScript, because Nx loads it as it is.
import { writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { loadProjects } from "./projects.ts";
import { testTargets } from "./test-targets.ts";

export const name = "relevo";

/** @type {import("nx/src/devkit-exports.js").CreateNodes} */
export const createNodes = [
  "**/package.json",
  async (manifests, _options, { workspaceRoot }) => {
    const projects = await loadProjects(workspaceRoot);
    return projects.flatMap((project) => {
      const manifest = manifests.find((path) => dirname(path).replaceAll("\\", "/") === project.root);
      const found = { projects: { [project.root]: { targets: testTargets(project) } } };
      return manifest === undefined ? [] : [[manifest, found]];
    });
  },
];

/**
 * @param {unknown} _options
 * @param {{ taskResults: Record<string, { status: string, code: number, terminalOutput?: string }> }} context
 * @returns {void}
 */
export function postTasksExecution(_options, { taskResults }) {
  const file = process.env.RELEVO_TASKS_FILE;
  if (file === undefined) return;
  const tasks = Object.entries(taskResults).map(([id, { status, code, terminalOutput = "" }]) => ({
    id,
    status,
    code,
    output: terminalOutput,
  }));
  writeFileSync(file, JSON.stringify({ tasks }));
}
