import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runStep } from "./step.mjs";
import { installedTool, pnpmVersion, workspaceEnvironment } from "./workspace.mjs";

const stampName = ".relevo-installed";

/**
 * Installs what the lockfile says, or finds that this was done already and needs no network then.
 *
 * @param {string} root
 * @param {(line: string) => void} report
 * @returns {Promise<void>}
 */
export async function ensureInstalled(root, report) {
  const stampPath = join(root, "node_modules", stampName);
  const wanted = installationStamp(root);
  if (existsSync(stampPath) && readFileSync(stampPath, "utf8") === wanted && installedTool(root, "node"))
    return;

  const pnpm = installedTool(root, "pnpm");
  const install = ["install", "--frozen-lockfile"];
  // The installed pnpm needs the installed Node.js; without either, npm's runner fetches pnpm for any Node.js.
  const own = pnpm !== undefined && installedTool(root, "node") !== undefined;
  await runStep(
    "install packages",
    own ? pnpm : "npx",
    own ? install : ["--yes", `pnpm@${pnpmVersion(root)}`, ...install],
    { cwd: root, env: own ? workspaceEnvironment(root) : process.env, report },
  );
  writeFileSync(stampPath, wanted);
}

/**
 * A hash over everything that decides what is installed: the lockfile, the workspace settings, every manifest, and
 * the machine, because packages with native parts differ.
 *
 * @param {string} root
 * @returns {string}
 */
export function installationStamp(root) {
  const hash = createHash("sha256").update(`${process.platform} ${process.arch}\n`);
  for (const path of ["package.json", "pnpm-lock.yaml", "pnpm-workspace.yaml", ...memberManifests(root)]) {
    hash
      .update(`${path}\n`)
      .update(readFileSync(join(root, path)))
      .update("\n");
  }
  return hash.digest("hex");
}

/**
 * @param {string} root
 * @returns {string[]}
 */
function memberManifests(root) {
  return ["apps", "packages", "tools"]
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}/package.json`))
    .filter((path) => existsSync(join(root, path)))
    .sort();
}
