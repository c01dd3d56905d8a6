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
