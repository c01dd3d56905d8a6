import { existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";

/**
 * The environment for everything that runs inside the workspace: its own tools first on the path, so that the
 * Node.js of the npm package `node` runs them and not the machine's.
 *
 * @param {string} root
 * @param {NodeJS.ProcessEnv} [environment]
 * @returns {NodeJS.ProcessEnv}
 */
export function workspaceEnvironment(root, environment = process.env) {
  const tools = join(root, "node_modules", ".bin");
  return {
    ...environment,
    PATH: environment.PATH ? `${tools}${delimiter}${environment.PATH}` : tools,
    // The background process of Nx would outlive the command and hold the workspace.
    NX_DAEMON: "false",
    NX_TUI: "false",
  };
}

/**
 * The path of a tool that the workspace installed, `undefined` when it is not there.
 *
 * @param {string} root
 * @param {string} name
 * @returns {string | undefined}
 */
export function installedTool(root, name) {
  const path = join(root, "node_modules", ".bin", process.platform === "win32" ? `${name}.cmd` : name);
  return existsSync(path) ? path : undefined;
}

/**
 * The version of pnpm that the workspace asks for.
 *
 * @param {string} root
 * @returns {string}
 */
export function pnpmVersion(root) {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  return manifest.devDependencies.pnpm;
}

/**
 * The Node.js that runs what is in the workspace: the one that was installed, or this one where npm has none for the
 * machine and this one is new enough.
 *
 * @param {string} root
 * @returns {string}
 */
export function workspaceNode(root) {
  const installed = installedTool(root, "node");
  if (installed !== undefined) return installed;
  const [major = 0] = process.versions.node.split(".").map(Number);
  if (major >= 24) return process.execPath;
  throw new Error(
    `npm has no Node.js 24 for ${process.platform} ${process.arch}: run this with one of your own.`,
  );
}
